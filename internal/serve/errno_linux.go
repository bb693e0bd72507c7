package serve

import "syscall"

var perConnectionHere = []error{syscall.ENONET, syscall.ENOSR}
