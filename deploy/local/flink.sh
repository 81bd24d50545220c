#!/usr/bin/env bash
# A real Flink on this machine, made of Maven jars: a JobManager and TaskManagers as processes.
#
#   flink.sh start DIR [--port 8081] [--taskmanagers 1] [--slots 2] [--heap 384m] [--native 512m] [--state hashmap|rocksdb]
#                      [--prometheus no|yes]
#   flink.sh jobmanager start|kill DIR         end it by SIGKILL, bring it back
#   flink.sh taskmanager start|stop|kill DIR N
#   flink.sh submit DIR [--from SAVEPOINT|latest] [--parallelism N] JAR [ARGS...]   prints: JOB <id>
#   flink.sh application DIR [--from SAVEPOINT|latest] JAR [ARGS...]   a JobManager for this one job; TaskManagers as above
#   flink.sh list DIR | cancel DIR JOB | savepoint DIR JOB | stop-job DIR JOB       the last two print: SAVEPOINT <path>
#   flink.sh status DIR | stop DIR
#
# DIR/lib is on the class path of every process, before Flink's own jars: `flumen bridge install DIR/lib`.
# Everything listens on 127.0.0.1: the web page and REST on port, the others on the next ones.
# Prometheus' reporter cannot be bound to one address: with `yes` port+5 and port+10*N+2 are open to the network.
# Memory of a TaskManager: --heap for Java, --native for the analyser and FFmpeg.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '4,11s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
shift
action=''
case $command in
  jobmanager | taskmanager) action=$1; shift; [ $# -ge 1 ] || usage ;;
  start | submit | application | list | cancel | savepoint | stop-job | status | stop) ;;
  *) usage ;;
esac
[ "$command" = start ] || [ "$command" = application ] || [ -d "$1" ] || die "$1: there is no such directory"
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

port=8081 taskmanagers=1 slots=2 heap=384m native=512m state=hashmap prometheus=no
[ ! -f "$dir/flink.env" ] || . "$dir/flink.env"
lib=$root/target/servers/flink/lib

opens=(--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED --add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED)
for package in lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
opens+=(--add-opens=java.base/sun.nio.ch=ALL-UNNAMED)

# configure NAME RPC-PORT METRICS-PORT: DIR/conf-NAME/config.yaml
configure() {
  mkdir -p "$dir/conf-$1" "$dir/lib" "$dir/tmp" "$dir/notes"
  cat >"$dir/conf-$1/config.yaml" <<END
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: $((port + 1))
jobmanager.bind-host: 127.0.0.1
jobmanager.execution.failover-strategy: region
blob.server.port: "$((port + 2))"
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: $port
# A page of another site could post a jar to a port of this machine; the command line submits without these.
web.submit.enable: false
web.cancel.enable: false
io.tmp.dirs: $dir/tmp
heartbeat.interval: 1 s
heartbeat.timeout: 6 s
restart-strategy.type: exponential-delay
restart-strategy.exponential-delay.initial-backoff: 500 ms
restart-strategy.exponential-delay.max-backoff: 10 s
state.backend.type: $state
execution.checkpointing.incremental: true
# Background models shrink to less than half.
execution.checkpointing.snapshot-compression: true
execution.checkpointing.dir: file://$dir/checkpoints
execution.checkpointing.savepoint-dir: file://$dir/savepoints
execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
classloader.parent-first-patterns.additional: flumen.bridge
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.rpc.port: "$2"
taskmanager.data.port: $(($2 + 1))
taskmanager.numberOfTaskSlots: $slots
taskmanager.cpu.cores: $slots
taskmanager.memory.framework.heap.size: 64m
taskmanager.memory.framework.off-heap.size: 64m
taskmanager.memory.task.heap.size: $heap
taskmanager.memory.task.off-heap.size: $native
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
# As much in flight as a second takes: a job that catches up still makes its checkpoints in time.
taskmanager.network.memory.buffer-debloat.enabled: true
taskmanager.memory.managed.size: $([ "$state" = rocksdb ] && say 128m || say 0m)
taskmanager.memory.jvm-metaspace.size: 192m
taskmanager.memory.jvm-overhead.min: 64m
taskmanager.memory.jvm-overhead.max: 64m
END
  [ "$prometheus" = no ] || cat >>"$dir/conf-$1/config.yaml" <<END
metrics.reporters: prometheus
metrics.reporter.prometheus.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory
metrics.reporter.prometheus.port: "$3"
END
}

megabytes() { case $1 in *[!0-9m]* | m* | '') die "memory is given like 384m, not '$1'" ;; *m) say "${1%m}" ;; *) die "memory is given like 384m, not '$1'" ;; esac; }
free_port() { ! open_port "$1" || die "port $1 is taken by another program; choose one with --port"; }

jobmanager_start() {
  pid_of "$dir" jobmanager >/dev/null && return 0
  free_port "$port"
  configure jobmanager "$((port + 3))" "$((port + 5))"
  spawn "$dir" jobmanager -Xmx320m -XX:MaxMetaspaceSize=192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opens[@]}" -cp "$dir/lib/*:$lib/*" \
    org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint --configDir "$dir/conf-jobmanager"
}

taskmanager_start() {
  local n=$1 base id
  pid_of "$dir" "taskmanager-$n" >/dev/null && return 0
  base=$((port + 10 * n))
  free_port "$base"
  configure "taskmanager-$n" "$base" "$((base + 2))"
  # Another id each time: else the JobManager takes it for the one that died and still counts on it.
  id=taskmanager-$n-$(date +%s%N)
  printf '%s\n' "$id" >"$dir/taskmanager-$n.id"
  spawn "$dir" "taskmanager-$n" "-Xmx$(($(megabytes "$heap") + 64))m" "-XX:MaxDirectMemorySize=192m" -XX:MaxMetaspaceSize=192m \
    -XX:+UseSerialGC "-Dflumen.notes=$dir/notes" "${opens[@]}" -cp "$dir/lib/*:$lib/*" \
    org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$dir/conf-taskmanager-$n" \
    -D "taskmanager.resource-id=$id"
}

application() {
  local flags=() from jar
  if [ "${1:-}" = --from ]; then
    from=$2
    [ "$from" != latest ] || from=$(latest)
    flags=(--from "$from")
    shift 2
  fi
  [ $# -ge 1 ] || usage
  jar=$1
  shift
  [ -f "$jar" ] || die "$jar: there is no such job jar; build it with: make jvm"
  ! pid_of "$dir" jobmanager >/dev/null || die "a JobManager runs already in $dir: flink.sh stop $dir"
  free_port "$port"
  configure jobmanager "$((port + 3))" "$((port + 5))"
  cp "$jar" "$dir/lib/" # the TaskManagers take it from there, too
  spawn "$dir" jobmanager -Xmx320m -XX:MaxMetaspaceSize=192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opens[@]}" -cp "$dir/lib/*:$lib/*" \
    flumen.flink.Cluster --configDir "$dir/conf-jobmanager" "${flags[@]}" -- "$@"
  wait_for "$dir" jobmanager 180 serves
  say "READY flink http://127.0.0.1:$port"
}

# The REST answer to GET PATH.
rest() { (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$1" >&3 && cat <&3) 2>/dev/null; }
serves() { [[ $(rest /overview) == *'"taskmanagers"'* ]]; }
registered() { [[ $(rest /taskmanagers) == *"\"id\":\"$(cat "$dir/taskmanager-$1.id")\""* ]]; }

options() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
      --port) number "$1" "$2"; port=$2 ;;
      --taskmanagers) number "$1" "$2"; taskmanagers=$2 ;;
      --slots) number "$1" "$2"; slots=$2 ;;
      --heap) megabytes "$2" >/dev/null; heap=$2 ;;
      --native) megabytes "$2" >/dev/null; native=$2 ;;
      --state) case $2 in hashmap | rocksdb) state=$2 ;; *) die "--state is hashmap or rocksdb" ;; esac ;;
      --prometheus) case $2 in yes | no) prometheus=$2 ;; *) die "--prometheus is yes or no" ;; esac ;;
      *) usage ;;
    esac
    shift 2
  done
}

all() { say jobmanager; for f in "$dir"/taskmanager-*.pid; do [ ! -f "$f" ] || basename "$f" .pid; done; }

start() {
  options "$@"
  printf 'port=%s taskmanagers=%s slots=%s heap=%s native=%s state=%s prometheus=%s\n' "$port" "$taskmanagers" "$slots" "$heap" "$native" "$state" "$prometheus" >"$dir/flink.env"
  jobmanager_start
  for n in $(seq "$taskmanagers"); do taskmanager_start "$n"; done
  wait_for "$dir" jobmanager 180 serves
  for n in $(seq "$taskmanagers"); do wait_for "$dir" "taskmanager-$n" 180 registered "$n"; done
  say "READY flink http://127.0.0.1:$port"
}

client() {
  local out=$dir/logs/client.out
  FLINK_CONF_DIR=$dir/conf-jobmanager "$JAVA" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opens[@]}" \
    "-Dlog.file=$dir/logs/client.log" "-Dlog4j2.configurationFile=file:$here/log4j2.properties" \
    -cp "$dir/lib/*:$lib/*" org.apache.flink.client.cli.CliFrontend "$@" >"$out" 2>&1 ||
    { grep 'Caused by' "$out" | tail -n 3 | cut -c 1-400 >&2 || tail -n 5 "$out" >&2; die "Flink refused; all it said: $out"; }
}

latest() {
  local newest
  newest=$(ls -td "$dir"/checkpoints/*/chk-*/_metadata 2>/dev/null | head -n 1 || true)
  [ -n "$newest" ] || die "$dir/checkpoints holds no finished checkpoint"
  dirname "$newest"
}

submit() {
  local flags=(-d) from
  while [ $# -gt 0 ]; do
    case $1 in
      --from) from=$2; [ "$from" != latest ] || from=$(latest); flags+=(-s "$from"); shift 2 ;;
      --parallelism) number "$1" "$2"; flags+=(-p "$2"); shift 2 ;;
      *) break ;;
    esac
  done
  [ $# -ge 1 ] || usage
  [ -f "$1" ] || die "$1: there is no such job jar; build it with: make jvm"
  client run "${flags[@]}" "$@"
  sed -n 's/^Job has been submitted with JobID \([0-9a-f]*\).*/JOB \1/p' "$dir/logs/client.out"
}

savepoint_path() { sed -n 's/.*[Ss]avepoint completed. Path: *\(.*\)/SAVEPOINT \1/p' "$dir/logs/client.out"; }

case $command in
  status)
    all | while read -r name; do state "$dir" "$name"; done
    serves || die "http://127.0.0.1:$port does not answer"
    exit
    ;;
  stop)
    for name in $(all); do pid=$(pid_of "$dir" "$name") && kill "$pid" || true; done
    for name in $(all); do end "$dir" "$name"; done
    exit
    ;;
esac
case $command:$action in
  taskmanager:stop) end "$dir" "taskmanager-$1"; exit ;;
  taskmanager:kill) end "$dir" "taskmanager-$1" KILL; exit ;;
  jobmanager:kill) end "$dir" jobmanager KILL; exit ;;
esac
find_java
jars flink
case $command:$action in
  start:) start "$@" ;;
  jobmanager:start) jobmanager_start; wait_for "$dir" jobmanager 180 serves; say "READY flink http://127.0.0.1:$port" ;;
  taskmanager:start) number N "$1"; taskmanager_start "$1"; wait_for "$dir" "taskmanager-$1" 180 registered "$1"; say "READY taskmanager-$1" ;;
  submit:) submit "$@" ;;
  application:) application "$@" ;;
  list:) client list -a; grep ' : ' "$dir/logs/client.out" || true ;;
  cancel:) client cancel "$1" ;;
  savepoint:) client savepoint "$1"; savepoint_path ;;
  stop-job:) client stop "$1"; savepoint_path ;;
  *) usage ;;
esac
