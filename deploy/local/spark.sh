#!/usr/bin/env bash
# A real Spark on this machine, made of Maven jars: the learning job as a driver, alone or on a Master with Workers.
#
#   spark.sh start DIR [--port 7077] [--workers 1] [--cores 2] [--memory 700m]   Master and Workers; DIR remembers
#   spark.sh worker start|stop|kill DIR N
#   spark.sh submit DIR [--master local[2]|cluster] [--heap 700m] JAR CLASS [ARGS...]   a driver; ends what ran before
#   spark.sh run DIR [--heap 700m] JAR CLASS [ARGS...]     the same in the foreground, local[2]
#   spark.sh driver stop|kill DIR
#   spark.sh status DIR | stop DIR
#
# Everything listens on 127.0.0.1: the Master on port, its page on port+1, Worker N on port+10*N and the next one,
# executors and drivers on free ports. A driver alone needs no `start`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '4,9s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
shift
action=''
case $command in
  worker | driver) action=$1; shift; [ $# -ge 1 ] || usage ;;
  start | submit | run | status | stop) ;;
  *) usage ;;
esac
case $command in start | submit | run) mkdir -p "$1" ;; *) [ -d "$1" ] || die "$1: there is no such directory" ;; esac
dir=$(cd "$1" && pwd)
shift
mkdir -p "$dir/logs" "$dir/work" "$dir/tmp"

port=7077 workers=1 cores=2 memory=700m
[ ! -f "$dir/spark.env" ] || . "$dir/spark.env"
lib=$root/target/servers/spark/lib
# As in any Spark, HADOOP_CONF_DIR says how an HDFS is to be used.
classes=${HADOOP_CONF_DIR:+$HADOOP_CONF_DIR:}$lib/*

# As org.apache.spark.launcher.JavaModuleOptions prints them for Spark 4.1.
opens=(-XX:+IgnoreUnrecognizedVMOptions --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  -Djdk.reflect.useDirectMethodHandle=false -Dio.netty.tryReflectionSetAccessible=true)
for package in java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent \
  java.util.concurrent.atomic jdk.internal.ref sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar; do
  opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
opens+=(--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED)
export SPARK_LOCAL_IP=127.0.0.1 SPARK_HOME=$dir SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_DIRS=$dir/tmp

free_port() { ! open_port "$1" || die "port $1 is taken by another program; choose one with --port"; }
small=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxMetaspaceSize=192m)

# The driver's settings; executors get the same jars and openings.
configure() { # MASTER HEAP
  cat >"$dir/spark.conf" <<END
spark.master $1
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.ui.enabled false
spark.local.dir $dir/tmp
spark.sql.warehouse.dir $dir/warehouse
spark.executor.memory ${memory%m}m
spark.executor.cores 1
spark.cores.max $cores
spark.executor.extraClassPath $classes
spark.executor.extraJavaOptions ${opens[*]} -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.rpc.message.maxSize 256
END
}

master_start() {
  pid_of "$dir" master >/dev/null && return 0
  free_port "$port"
  spawn "$dir" master -Xmx192m "${small[@]}" "${opens[@]}" -cp "$lib/*" \
    org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port "$((port + 1))"
  wait_for "$dir" master 60 open_port "$port"
}

worker_start() {
  local n=$1 base=$((port + 10 * $1))
  pid_of "$dir" "worker-$n" >/dev/null && return 0
  # A Worker looks for the jars of its executors in SPARK_HOME.
  ln -sfn "$lib" "$dir/jars"
  free_port "$base"
  spawn "$dir" "worker-$n" -Xmx192m "${small[@]}" "${opens[@]}" -cp "$lib/*" org.apache.spark.deploy.worker.Worker \
    --host 127.0.0.1 --port "$base" --webui-port "$((base + 1))" --cores "$cores" --memory "$memory" \
    --work-dir "$dir/work/worker-$n" "spark://127.0.0.1:$port"
  wait_for "$dir" "worker-$n" 60 open_port "$base"
}

submit() {
  local master='local[2]' heap=700m
  while [ $# -gt 0 ]; do
    case $1 in
      --master) [ "$2" = cluster ] && master=spark://127.0.0.1:$port || master=$2; shift 2 ;;
      --heap) heap=$2; shift 2 ;;
      *) break ;;
    esac
  done
  [ $# -ge 2 ] || usage
  local jar=$1 class=$2
  shift 2
  [ -f "$jar" ] || die "$jar: there is no such job jar; build it with: make jvm"
  configure "$master" "$heap"
  local java=("-Xmx$heap" "${small[@]}" "${opens[@]}" -cp "$classes" org.apache.spark.deploy.SparkSubmit
    --properties-file "$dir/spark.conf" --class "$class" "$jar" "$@")
  if [ "$command" = run ]; then
    exec "$JAVA" "-Dlog.file=$dir/logs/run.log" "-Dlog4j2.configurationFile=file:$here/log4j2.properties" "${java[@]}"
  fi
  end "$dir" driver
  spawn "$dir" driver "${java[@]}"
  # It has begun when the first batch is planned, which needs Kafka; that it lives is what can be said here.
  sleep 1
  pid_of "$dir" driver >/dev/null || { tail -n 15 "$dir/logs/driver.out" >&2; die "the driver did not start; its logs: $dir/logs/driver.log and driver.out"; }
  say "READY spark driver, pid $(pid_of "$dir" driver), log $dir/logs/driver.log"
}

options() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
      --port) number "$1" "$2"; port=$2 ;;
      --workers) number "$1" "$2"; workers=$2 ;;
      --cores) number "$1" "$2"; cores=$2 ;;
      --memory) memory=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
}

all() { for name in driver master; do [ ! -f "$dir/$name.pid" ] || say "$name"; done; for f in "$dir"/worker-*.pid; do [ ! -f "$f" ] || basename "$f" .pid; done; }

case $command:$action in
  status:) all | while read -r name; do state "$dir" "$name"; done; exit ;;
  stop:)
    for name in $(all); do pid=$(pid_of "$dir" "$name") && kill "$pid" || true; done
    for name in $(all); do end "$dir" "$name"; done
    exit
    ;;
  worker:stop) end "$dir" "worker-$1"; exit ;;
  worker:kill) end "$dir" "worker-$1" KILL; exit ;;
  driver:stop) end "$dir" driver; exit ;;
  driver:kill) end "$dir" driver KILL; exit ;;
esac
find_java
jars spark
case $command:$action in
  start:)
    options "$@"
    printf 'port=%s workers=%s cores=%s memory=%s\n' "$port" "$workers" "$cores" "$memory" >"$dir/spark.env"
    master_start
    for n in $(seq "$workers"); do worker_start "$n"; done
    say "READY spark spark://127.0.0.1:$port"
    ;;
  worker:start) number N "$1"; worker_start "$1"; say "READY worker-$1" ;;
  submit: | run:) submit "$@" ;;
  *) usage ;;
esac
