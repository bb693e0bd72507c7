package serve

import "syscall"

var perConnectionHere = []error{syscall.ENOSR}
