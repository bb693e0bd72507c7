module github.com/tributary-go/tributary/docs/bench

go 1.25.0

replace github.com/tributary-go/tributary => ../..

require (
	github.com/stretchr/testify v1.12.1
	github.com/tributary-go/tributary v0.0.0
	go.uber.org/goleak v1.3.0
	google.golang.org/grpc v1.84.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
