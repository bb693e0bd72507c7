package socketstream

const tcpNotSentLowAt = 25 // TCP_NOTSENT_LOWAT in linux/tcp.h
