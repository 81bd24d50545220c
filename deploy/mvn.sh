#!/usr/bin/env bash
# Maven on our modules with JDK 17, whatever `java` of PATH is: deploy/mvn.sh GOALS...
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/local/common.sh"
find_java
MAVEN_OPTS=${MAVEN_OPTS:--Xmx512m} exec mvn -q -B -f "$root/jvm/pom.xml" "$@"
