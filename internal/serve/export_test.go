package serve

// The tables of the platform that the test runs on.
var (
	Exhaustion    = exhaustion
	PerConnection = perConnection
)
