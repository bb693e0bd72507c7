package abc

// An Unwrapper is a resource that stands on another one, as a TLS stream
// stands on a socket. Call [As] rather than the method.
type Unwrapper interface {
	// Unwrap returns the resource below, nil if there is none.
	Unwrap() AsyncResource
}

// As returns the first layer of r that is a T, beginning with r itself and
// going down through [Unwrapper], as errors.As does for errors. T may be a
// type, such as *socketstream.Stream, or an interface, such as [Addressed].
//
// To send or receive on a layer below the top is a mistake in most cases: the
// bytes there are not the ones that the top carries.
func As[T any](r AsyncResource) (T, bool) {
	for r != nil {
		if t, ok := r.(T); ok {
			return t, true
		}
		u, ok := r.(Unwrapper)
		if !ok {
			break
		}
		r = u.Unwrap()
	}
	var zero T
	return zero, false
}
