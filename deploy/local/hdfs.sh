#!/usr/bin/env bash
# A real HDFS on this machine, made of Maven jars: a NameNode and DataNodes as processes.
#
#   hdfs.sh start DIR [--port 8020] [--datanodes 2] [--heap 192m]   start what is not running; DIR remembers
#   hdfs.sh namenode start|stop|kill|pause|resume DIR
#   hdfs.sh datanode start|stop|kill|pause|resume DIR N
#   hdfs.sh dfs DIR ARGS...         the client: -ls /, -put, -get, ...
#   hdfs.sh admin DIR ARGS...       -report, -safemode get, ...
#   hdfs.sh status DIR              also: exit status 0 only when all run
#   hdfs.sh stop DIR                end all; data stays in DIR
#
# Everything listens on 127.0.0.1: the NameNode on port and port+1 (web), DataNode N on port+10*N and the next two.
# A silent DataNode is stale after 3 s and dead after 20 s, not after ten minutes: tests wait for that.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '4,10s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
shift
action=''
case $command in
  namenode | datanode) action=$1; shift; [ $# -ge 1 ] || usage ;;
  start | dfs | admin | status | stop) ;;
  *) usage ;;
esac
[ "$command" = start ] || [ -d "$1" ] || die "$1: there is no such directory"
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

port=8020 datanodes=2 heap=192m
[ ! -f "$dir/hdfs.env" ] || . "$dir/hdfs.env"
lib=$root/target/servers/hdfs/lib

opens=(--enable-native-access=ALL-UNNAMED)
for package in io lang lang.reflect math net text util util.concurrent util.zip; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
opens+=(--add-opens=java.base/sun.security.util=ALL-UNNAMED --add-opens=java.base/sun.security.x509=ALL-UNNAMED)

property() { printf '  <property><name>%s</name><value>%s</value></property>\n' "$1" "$2"; }

# configure NAME PORT: DIR/conf-NAME; the NameNode reads addresses of DataNodes, too.
configure() {
  local conf=$dir/conf-$1
  # The jars hold no web pages; without these directories no daemon starts.
  mkdir -p "$conf"/webapps/{hdfs,datanode,static,logs} "$dir/tmp"
  {
    say '<configuration>'
    property fs.defaultFS "hdfs://127.0.0.1:$port"
    property hadoop.tmp.dir "$dir/tmp"
    say '</configuration>'
  } >"$conf/core-site.xml"
  {
    say '<configuration>'
    property dfs.replication "$datanodes"
    property dfs.namenode.name.dir "file://$dir/namenode"
    property dfs.namenode.rpc-address "127.0.0.1:$port"
    property dfs.namenode.rpc-bind-host 127.0.0.1
    property dfs.namenode.http-address "127.0.0.1:$((port + 1))"
    property dfs.datanode.data.dir "file://$dir/data-$1"
    property dfs.datanode.address "127.0.0.1:$2"
    property dfs.datanode.http.address "127.0.0.1:$(($2 + 1))"
    property dfs.datanode.ipc.address "127.0.0.1:$(($2 + 2))"
    property dfs.datanode.hostname 127.0.0.1
    property dfs.namenode.datanode.registration.ip-hostname-check false
    property dfs.permissions.superusergroup "$(id -gn)"
    property dfs.heartbeat.interval 1
    property dfs.namenode.heartbeat.recheck-interval 5000
    property dfs.namenode.stale.datanode.interval 3000
    property dfs.namenode.stale.datanode.minimum.interval 3
    property dfs.namenode.avoid.write.stale.datanode true
    property dfs.namenode.avoid.read.stale.datanode true
    property dfs.namenode.safemode.extension 0
    property dfs.namenode.handler.count 4
    property dfs.datanode.handler.count 4
    # Two nodes: a pipeline that lost one goes on with the other.
    property dfs.client.block.write.replace-datanode-on-failure.policy NEVER
    say '</configuration>'
  } >"$conf/hdfs-site.xml"
  printf 'log4j.rootLogger=INFO,console\nlog4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR\nlog4j.appender.console.target=System.err\nlog4j.appender.console=org.apache.log4j.ConsoleAppender\nlog4j.appender.console.layout=org.apache.log4j.PatternLayout\nlog4j.appender.console.layout.ConversionPattern=%%d{ISO8601} %%p %%c{2}: %%m%%n\n' >"$conf/log4j.properties"
}

java_of() { # NAME CLASS ARGS...: a program of Hadoop that ends by itself
  local conf=$dir/conf-$1
  shift
  "$JAVA" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opens[@]}" -cp "$conf:$lib/*" "$@"
}

begin() { # NAME PORT CLASS
  pid_of "$dir" "$1" >/dev/null && return 0
  ! open_port "$2" || die "port $2 is taken by another program; choose one with --port"
  configure "$1" "$2"
  spawn "$dir" "$1" "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxMetaspaceSize=96m "${opens[@]}" \
    -cp "$dir/conf-$1:$lib/*" "$3"
}

node_port() { say $((port + 10 * $1)); }

namenode_start() {
  pid_of "$dir" namenode >/dev/null && return 0
  ! open_port "$port" || die "port $port is taken by another program; choose one with --port"
  configure namenode "$(node_port 0)"
  if [ ! -d "$dir/namenode/current" ]; then
    java_of namenode org.apache.hadoop.hdfs.server.namenode.NameNode -format -force -nonInteractive >"$dir/logs/format.out" 2>&1 ||
      { tail -n 5 "$dir/logs/format.out" >&2; die "$dir/namenode could not be formatted"; }
  fi
  begin namenode "$port" org.apache.hadoop.hdfs.server.namenode.NameNode
  wait_for "$dir" namenode 120 open_port "$port"
}

datanode_start() { begin "datanode-$1" "$(node_port "$1")" org.apache.hadoop.hdfs.server.datanode.DataNode; }

# The NameNode's beans: how many DataNodes it counts as living.
living() { (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))" && printf 'GET /jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState HTTP/1.0\r\n\r\n' >&3 && cat <&3) 2>/dev/null | sed -n 's/.*"NumLiveDataNodes" : \([0-9]*\).*/\1/p'; }
has_living() { [ "$(living)" = "$1" ]; }
out_of_safe_mode() { ! java_of namenode org.apache.hadoop.hdfs.tools.DFSAdmin -safemode get 2>/dev/null | grep -q ON; }

options() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
      --port) number "$1" "$2"; port=$2 ;;
      --datanodes) number "$1" "$2"; datanodes=$2 ;;
      --heap) heap=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
}

all() { say namenode; for n in $(seq "$datanodes"); do say "datanode-$n"; done; }

start() {
  options "$@"
  printf 'port=%s datanodes=%s heap=%s\n' "$port" "$datanodes" "$heap" >"$dir/hdfs.env"
  mkdir -p "$dir/logs"
  namenode_start
  for n in $(seq "$datanodes"); do datanode_start "$n"; done
  wait_for "$dir" namenode 120 has_living "$datanodes"
  say "READY hdfs hdfs://127.0.0.1:$port"
}

signal() { # NAME SIGNAL
  local pid
  pid=$(pid_of "$dir" "$1") || die "$1 of $dir does not run"
  kill "-$2" "$pid"
}

one() { # NAME ACTION
  case $2 in
    stop) end "$dir" "$1" ;;
    kill) end "$dir" "$1" KILL ;;
    pause) signal "$1" STOP ;;
    resume) signal "$1" CONT ;;
    *) usage ;;
  esac
}

case $command in
  status)
    all | while read -r name; do state "$dir" "$name"; done
    for name in $(all); do pid_of "$dir" "$name" >/dev/null || exit 1; done
    exit
    ;;
  stop)
    for name in $(all | tac); do pid=$(pid_of "$dir" "$name") && kill "$pid" || true; done
    for name in $(all | tac); do end "$dir" "$name"; done
    exit
    ;;
esac
find_java
mkdir -p "$dir/logs"
jars hdfs
case $command:$action in
  start:) start "$@" ;;
  namenode:start) namenode_start; until out_of_safe_mode; do sleep 0.5; done; say "READY namenode" ;;
  datanode:start) number N "$1"; datanode_start "$1"; wait_for "$dir" "datanode-$1" 120 open_port "$(node_port "$1")"; say "READY datanode-$1" ;;
  namenode:*) one namenode "$action" ;;
  datanode:*) number N "$1"; one "datanode-$1" "$action" ;;
  dfs:) java_of namenode org.apache.hadoop.fs.FsShell "$@" ;;
  admin:) java_of namenode org.apache.hadoop.hdfs.tools.DFSAdmin "$@" ;;
esac
