#!/usr/bin/env bash
# A real Kafka on this machine, made of Maven jars, without containers.
#
#   kafka.sh start DIR [--port 9092] [--nodes 1|3] [--heap 384m]   start what is not running; DIR remembers
#   kafka.sh start DIR --node N     bring one node back
#   kafka.sh kill DIR N             SIGKILL one node
#   kafka.sh stop DIR               end all nodes; data stays in DIR
#   kafka.sh status DIR             also: exit status 0 only when all nodes run
#
# Nodes listen on 127.0.0.1 only: port, port+2, port+4, and a controller on the next port of each.
# One node: replication 1, min.insync.replicas 1. Three nodes: 3 and 2.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '4,8s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
case $command in start | stop | kill | status) ;; *) usage ;; esac
[ "$command" = start ] || [ -d "$2" ] || die "$2: there is no such directory"
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2

port=9092 nodes=1 heap='' only=''
[ ! -f "$dir/kafka.env" ] || . "$dir/kafka.env"
node_port() { say $((port + 2 * ($1 - 1))); }
addresses() { for n in $(seq "$nodes"); do printf '127.0.0.1:%s,' "$(node_port "$n")"; done | sed 's/,$//'; }

options() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
      --port | --nodes | --heap) [ ! -f "$dir/kafka.env" ] || [ "${1#--}" = heap ] || same "${1#--}" "$2" ;;&
      --port) number "$1" "$2"; port=$2 ;;
      --nodes) case $2 in 1 | 3) nodes=$2 ;; *) die "--nodes is 1 or 3" ;; esac ;;
      --heap) heap=$2 ;;
      --node) number "$1" "$2"; only=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
}
same() { [ "${!1}" = "$2" ] || die "$dir holds a Kafka with $1 ${!1}; take another directory for $1 $2"; }

configure() {
  local n=$1 replicas=$nodes insync voters
  insync=$((nodes == 3 ? 2 : 1))
  voters=$(for i in $(seq "$nodes"); do printf '%s@127.0.0.1:%s,' "$i" "$(($(node_port "$i") + 1))"; done | sed 's/,$//')
  cat >"$dir/server-$n.properties" <<END
node.id=$n
process.roles=broker,controller
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=BROKER://127.0.0.1:$(node_port "$n"),CONTROLLER://127.0.0.1:$(($(node_port "$n") + 1))
advertised.listeners=BROKER://127.0.0.1:$(node_port "$n")
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
log.dirs=$dir/data-$n
# One access unit of up to 16 MiB is one record; what is larger travels in parts.
message.max.bytes=17825792
replica.fetch.max.bytes=17825792
replica.fetch.response.max.bytes=35651584
socket.request.max.bytes=35651584
default.replication.factor=$replicas
min.insync.replicas=$insync
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$insync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$insync
# Topics are made by \`flumen topics apply\`, never by a typing error.
auto.create.topics.enable=false
unclean.leader.election.enable=false
compression.type=producer
log.segment.bytes=268435456
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.io.buffer.size=262144
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000
END
}

format() {
  local n=$1 id
  [ ! -f "$dir/data-$n/meta.properties" ] || return 0
  id=$(cat "$dir/cluster.id" 2>/dev/null || true)
  if [ -z "$id" ]; then
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22)
    # Kafka refuses ids that begin with a dash: they look like an option.
    id=f${id:1}
    printf '%s\n' "$id" >"$dir/cluster.id"
  fi
  "$JAVA" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog.file=$dir/logs/format.log" "-Dlog4j2.configurationFile=file:$here/log4j2.properties" -cp "$root/target/servers/kafka/lib/*" \
    kafka.tools.StorageTool format -t "$id" -c "$dir/server-$n.properties" >"$dir/logs/format-$n.out" 2>&1 ||
    { tail -n 5 "$dir/logs/format-$n.out" >&2; die "Kafka's data directory $dir/data-$n could not be made"; }
}

begin() {
  local n=$1
  pid_of "$dir" "kafka-$n" >/dev/null && return 0
  ! open_port "$(node_port "$n")" || die "port $(node_port "$n") is taken by another program; choose one with --port"
  configure "$n"
  format "$n"
  spawn "$dir" "kafka-$n" "-Xmx$heap" "-Xms$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxDirectMemorySize=128m \
    -cp "$root/target/servers/kafka/lib/*" kafka.Kafka "$dir/server-$n.properties"
}

start() {
  local n chosen
  options "$@"
  [ -n "$heap" ] || heap=$([ "$nodes" = 1 ] && say 384m || say 256m)
  find_java
  jars kafka
  mkdir -p "$dir/logs"
  printf 'port=%s nodes=%s heap=%s\n' "$port" "$nodes" "$heap" >"$dir/kafka.env"
  chosen=${only:-$(seq "$nodes")}
  for n in $chosen; do begin "$n"; done
  for n in $chosen; do wait_for "$dir" "kafka-$n" 180 open_port "$(node_port "$n")"; done
  say "READY kafka $(addresses)"
}

case $command in
  start) start "$@" ;;
  stop)
    for n in $(seq "$nodes"); do pid=$(pid_of "$dir" "kafka-$n") && kill "$pid" || true; done
    for n in $(seq "$nodes"); do end "$dir" "kafka-$n"; done
    ;;
  kill)
    [ $# = 1 ] || usage
    end "$dir" "kafka-$1" KILL
    ;;
  status)
    for n in $(seq "$nodes"); do state "$dir" "kafka-$n"; done
    for n in $(seq "$nodes"); do pid_of "$dir" "kafka-$n" >/dev/null || exit 1; done
    ;;
esac
