# One connection to the server's gRPC port, as standard input and output. It begins either with gRPC itself, as from the Temporal CLI,
# or with the request of a client that believes to speak with a proxy (HTTP CONNECT), which is how the worker's connection can use a
# Unix socket at all. After that request nothing but the relay in C touches the bytes.
server="TCP:127.0.0.1:$DOOR_GRPC_PORT,nodelay,retry=500,interval=0.02"
end_of_head=$(printf '\r')
IFS= read -r first || exit 0
case $first in
CONNECT*)
  line=$first
  while [ "$line" != "$end_of_head" ]; do IFS= read -r line || exit 0; done
  printf 'HTTP/1.1 200 OK\r\n\r\n'
  exec socat -b65536 FD:0 "$server"
  ;;
*)
  { printf '%s\n' "$first" && exec cat; } | exec socat -b65536 STDIO "$server"
  ;;
esac
