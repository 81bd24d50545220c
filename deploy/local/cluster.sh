#!/usr/bin/env bash
# The whole chain on real engines, on this machine: Kafka, Flink, HDFS, Spark, Flumen in its roles, four cameras.
#
#   cluster.sh start DIR [--kafka-port 9092] [--flink-port 8081] [--hdfs-port 8020] [--listen 127.0.0.1:8480]
#   cluster.sh status DIR
#   cluster.sh stop DIR      ends what start started, and only that; data stays in DIR
#
# Needs: target/debug/flumen, the bridge, the Flink and the Spark job (`make cluster` builds them).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() { sed -n '4,6s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
case $command in start | stop | status) ;; *) usage ;; esac
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2

kafka_port=9092 flink_port=8081 hdfs_port=8020 listen=127.0.0.1:8480
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --kafka-port) number "$1" "$2"; kafka_port=$2 ;;
    --flink-port) number "$1" "$2"; flink_port=$2 ;;
    --hdfs-port) number "$1" "$2"; hdfs_port=$2 ;;
    --listen) listen=$2 ;;
    *) usage ;;
  esac
  shift 2
done

target=${CARGO_TARGET_DIR:-$root/target}
flumen=$target/debug/flumen
job=$root/jvm/flink/target/flumen-flink-0.1.0.jar
learn=$root/jvm/spark/target/flumen-spark-0.1.0.jar
roles=(ingest archive api)

flumen() { "$flumen" --config "$dir/flumen.toml" "$@"; }

# role_pid ROLE: the pid of a process of ours that still runs.
role_pid() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$dir/$1" && say "$pid"
}

configure() {
  [ ! -f "$dir/flumen.toml" ] || return 0
  cat >"$dir/flumen.toml" <<END
# Of one machine, to try: one copy of each record, everything on loopback.
[bus]
kind = "kafka"

[kafka]
brokers = "127.0.0.1:$kafka_port"
partitions = 4
replicas = 1

[cluster]
site_key_file = "$dir/site.key"
flink = "http://127.0.0.1:$flink_port"

[archive]
store = "$dir/store"

[api]
listen = "$listen"
END
}

start_role() {
  role_pid "$1" >/dev/null && return
  mkdir -p "$dir/$1" "$dir/logs"
  : >"$dir/logs/$1.log"
  nohup "$flumen" --config "$dir/flumen.toml" --data "$dir/$1" "$1" </dev/null >>"$dir/logs/$1.log" 2>&1 &
  printf '%s\n' $! >"$dir/$1.pid"
  local end=$((SECONDS + 60))
  until grep -q 'Ctrl-C stops it' "$dir/logs/$1.log"; do
    if ! role_pid "$1" >/dev/null || [ "$SECONDS" -ge "$end" ]; then
      tail -n 15 "$dir/logs/$1.log" >&2
      die "flumen $1 did not start; its log: $dir/logs/$1.log"
    fi
    sleep 0.2
  done
}

camera() { # ID NAME SCENE SEED
  flumen --data "$dir/api" camera list | grep -qw -- "$1" ||
    flumen --data "$dir/api" camera add "$1" "synthetic:$3?seed=$4&size=640x360&fps=15&seconds=60" --name "$2"
}

submit() {
  if "$here/flink.sh" list "$dir/flink" | grep -q RUNNING; then return; fi
  # Never without its state where there is one: the same units would be answered otherwise.
  local from=()
  if [ -s "$dir/savepoint" ]; then
    from=(--from "$(cat "$dir/savepoint")")
  elif [ -f "$dir/submitted" ]; then
    from=(--from latest)
  fi
  "$here/flink.sh" submit "$dir/flink" "${from[@]}" --parallelism 2 "$job" --brokers "127.0.0.1:$kafka_port"
  rm -f "$dir/savepoint"
  touch "$dir/submitted"
}

start() {
  local need
  for need in "$flumen" "$job" "$learn"; do
    [ -e "$need" ] || die "$need is missing: \`make cluster\` builds it"
  done
  configure
  "$here/kafka.sh" start "$dir/kafka" --port "$kafka_port"
  flumen --data "$dir/api" topics apply
  flumen --data "$dir/api" bridge install "$dir/flink/lib"
  "$here/flink.sh" start "$dir/flink" --port "$flink_port" --slots 2
  submit
  "$here/hdfs.sh" start "$dir/hdfs" --port "$hdfs_port"
  HADOOP_CONF_DIR=$dir/hdfs/conf-namenode "$here/spark.sh" submit "$dir/spark" "$learn" flumen.spark.Learn \
    --brokers "127.0.0.1:$kafka_port" --dir "hdfs://127.0.0.1:$hdfs_port/flumen/learn"
  local role
  for role in "${roles[@]}"; do start_role "$role"; done
  camera street "High street" street 1
  camera yard "Loading yard" yard 2
  camera lobby "Lobby" lobby 3
  camera park "Park path" park 4
  printf '%s\n' "" \
    "Flumen   http://$listen (a first start renders its four scenes: one to two minutes)" \
    "Flink    http://127.0.0.1:$flink_port" \
    "Kafka    127.0.0.1:$kafka_port" \
    "HDFS     hdfs://127.0.0.1:$hdfs_port (what Spark keeps: /flumen/learn)" \
    "logs     $dir/logs and the logs below kafka, flink, hdfs, spark beside it" \
    "stop     make cluster-stop"
}

stop() {
  local role pid job_id
  for role in "${roles[@]}"; do
    if pid=$(role_pid "$role"); then
      kill "$pid"
      for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    fi
    rm -f "$dir/$role.pid"
  done
  [ ! -d "$dir/spark" ] || "$here/spark.sh" stop "$dir/spark"
  [ ! -d "$dir/hdfs" ] || "$here/hdfs.sh" stop "$dir/hdfs"
  if [ -d "$dir/flink" ]; then
    # The next start goes on from here.
    job_id=$("$here/flink.sh" list "$dir/flink" 2>/dev/null | awk -F ' : ' '/RUNNING/ {print $2; exit}') || true
    [ -z "$job_id" ] || "$here/flink.sh" stop-job "$dir/flink" "$job_id" | sed -n 's/^SAVEPOINT //p' >"$dir/savepoint" || rm -f "$dir/savepoint"
    "$here/flink.sh" stop "$dir/flink"
  fi
  [ ! -d "$dir/kafka" ] || "$here/kafka.sh" stop "$dir/kafka"
}

status() {
  local role pid
  for role in "${roles[@]}"; do
    if pid=$(role_pid "$role"); then say "flumen $role: running, pid $pid"; else say "flumen $role: not running"; fi
  done
  [ ! -d "$dir/kafka" ] || "$here/kafka.sh" status "$dir/kafka" || true
  [ ! -d "$dir/flink" ] || "$here/flink.sh" status "$dir/flink" || true
  [ ! -d "$dir/hdfs" ] || "$here/hdfs.sh" status "$dir/hdfs" || true
  [ ! -d "$dir/spark" ] || "$here/spark.sh" status "$dir/spark" || true
}

"$command"
