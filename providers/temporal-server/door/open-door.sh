# What runs first in the server's own network: it opens the sockets that lead in, and then becomes the server.
#   sh open-door.sh SOCKET_FOLDER GRPC_PORT UI_PORT COMMAND [ARGUMENT...]
# It is process 1 of its namespace, and so is the server: when that ends, however it ends, the relays end with it. A relay that ends
# takes the server along, since nobody would reach it any more; whoever keeps the server running then starts both.
folder=$1 grpc_port=$2 ui_port=$3
shift 3
export DOOR_GRPC_PORT="$grpc_port"

listen() {
  (
    cd "$folder" && socat -b65536 "UNIX-LISTEN:$1,unlink-early,mode=600,backlog=128,fork" "$2"
    kill -TERM 1
  ) &
}

listen grpc.sock 'EXEC:/bin/sh pass-through.sh,nofork'
# The server is not there at once: until it is, connections wait for it.
listen ui.sock "TCP:127.0.0.1:$ui_port,nodelay,retry=500,interval=0.02"
exec "$@"
