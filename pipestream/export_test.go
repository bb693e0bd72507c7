package pipestream

// StartWith is Start with pipes of the test's.
var StartWith = start
