module github.com/tributary-go/tributary/docs/examples/transports

go 1.25.0

require (
	github.com/coder/websocket v1.8.15
	github.com/libp2p/go-yamux/v5 v5.1.0
	github.com/quic-go/quic-go v0.61.0
	github.com/stretchr/testify v1.12.1
	github.com/tributary-go/tributary v0.0.0
	go.uber.org/goleak v1.3.0
	golang.org/x/crypto v0.55.0
	google.golang.org/grpc v1.84.0
	google.golang.org/protobuf v1.36.11
)

require (
	github.com/libp2p/go-buffer-pool v0.0.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.57.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260706201446-f0a921348800 // indirect
)

replace github.com/tributary-go/tributary => ../../..
