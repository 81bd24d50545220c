# Shared by kafka.sh and flink.sh, which source it: JDK, jars, processes of our own.
#
# Every server started here has its pid in DIR/NAME.pid and an argument that names DIR, so that
# only processes that these scripts started are ever ended.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

is_17() { [ -x "$1/bin/java" ] && "$1/bin/java" -version 2>&1 | grep -q 'version "17\.'; }

# Sets JAVA to a JDK 17; `java` of PATH may be another one.
find_java() {
  local home
  for home in "${JAVA_HOME:-/nowhere}" /usr/lib/jvm/*17* /Library/Java/JavaVirtualMachines/*17*/Contents/Home; do
    if is_17 "$home"; then
      JAVA_HOME=$home
      JAVA=$home/bin/java
      export JAVA_HOME
      return
    fi
  done
  die "JDK 17 is missing: the servers need exactly that. Install it (Debian: openjdk-17-jdk-headless) or point JAVA_HOME to it."
}

# jars SERVER: copies its jars to target/servers/SERVER/lib, once for each state of the pins.
jars() {
  local server=$1 home=$root/target/servers/$1 stamp
  stamp=$({ sed -n '/<properties>/,/<\/properties>/p' "$root/jvm/pom.xml"; cat "$here/$server/pom.xml"; } | sha256sum | cut -d' ' -f1)
  [ "$(cat "$home/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  command -v mvn >/dev/null || die "Maven is missing: it fetches the jars of $server. Install it (Debian: maven)."
  mkdir -p "$home"
  say "fetching the jars of $server (once)"
  if ! MAVEN_OPTS=${MAVEN_OPTS:--Xmx512m} mvn -q -B -f "$here/$server/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$home/lib.$$" >"$home/fetch.txt" 2>&1; then
    grep -m 3 ERROR "$home/fetch.txt" >&2 || tail -n 5 "$home/fetch.txt" >&2
    rm -rf "$home/lib.$$"
    die "Maven could not get the jars of $server. Is a registry reachable (~/.m2/settings.xml)? All it said: $home/fetch.txt"
  fi
  rm -rf "$home/lib"
  mv "$home/lib.$$" "$home/lib"
  printf '%s\n' "$stamp" >"$home/stamp"
}

# pid_of DIR NAME: the pid of our own living process, or nothing.
pid_of() {
  local pid
  pid=$(cat "$1/$2.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" |
    grep -qxF -- "-Dflumen.server=$1/$2" && printf '%s\n' "$pid"
}

# spawn DIR NAME JAVA-ARGS...: starts a JVM that outlives this script.
spawn() {
  local dir=$1 name=$2
  shift 2
  mkdir -p "$dir/logs"
  nohup "$JAVA" "-Dflumen.server=$dir/$name" "-Dlog.file=$dir/logs/$name.log" \
    "-Dlog4j2.configurationFile=file:$here/log4j2.properties" -XX:+ExitOnOutOfMemoryError "$@" \
    </dev/null >"$dir/logs/$name.out" 2>&1 &
  printf '%s\n' $! >"$dir/$name.pid"
  # Before the JVM has taken the place of this shell, the command line is not ours yet.
  until pid_of "$dir" "$name" >/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}

open_port() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for DIR NAME SECONDS COMMAND...: until COMMAND succeeds or the process has ended.
wait_for() {
  local dir=$1 name=$2 end=$((SECONDS + $3))
  shift 3
  until "$@"; do
    if ! pid_of "$dir" "$name" >/dev/null || [ "$SECONDS" -ge "$end" ]; then
      tail -n 15 "$dir/logs/$name.out" "$dir/logs/$name.log" 2>/dev/null >&2 || true
      die "$name did not become ready; its logs: $dir/logs/$name.log and $name.out"
    fi
    sleep 0.2
  done
}

# end DIR NAME [SIGNAL]: ends our own process and waits for it; KILL after 20 s.
end() {
  local pid waited=0
  if pid=$(pid_of "$1" "$2"); then
    kill "-${3:-TERM}" "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 400 ]; do
      [ "$waited" != 200 ] || kill -KILL "$pid" 2>/dev/null || true
      sleep 0.1
      waited=$((waited + 1))
    done
  fi
  rm -f "$1/$2.pid"
}

# state DIR NAME: one line about a process.
state() {
  local pid
  if pid=$(pid_of "$1" "$2"); then
    say "$2: running, pid $pid, $(awk '/VmRSS/ {printf "%d MB", $2 / 1024}' "/proc/$pid/status") resident"
  else
    say "$2: not running"
  fi
}

number() { case $2 in '' | *[!0-9]*) die "$1 must be a number, not '$2'" ;; esac; }
