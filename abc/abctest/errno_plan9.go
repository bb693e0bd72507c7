package abctest

var errExhausted, errOneConnection error // there are no such errors
