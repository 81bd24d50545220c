package flumen.spark;

import com.google.protobuf.ByteString;
import flumen.spark.state.PatternState;
import flumen.v1.Flumen;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.InsightKind;
import flumen.v1.Flumen.Phase;
import flumen.v1.Flumen.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Usual paths through the picture of one camera (docs/ref/models.md, "Patterns"). */
final class Patterns {
  static final int PLACES = 12;
  static final int LONGEST = 8;
  private static final long DAY_US = 86_400_000_000L;
  private static final double NEAR = 0.04;
  private static final long APART_S = 2;
  private static final int MOST_PLACES = 12;
  private static final int MOST_WAYS = 1024;
  private static final int KEPT_WAYS = 256;
  private static final double FADE = 0.975;
  private static final double GONE = 0.3;
  private static final double ENOUGH = 50;
  private static final double USUAL = 0.05;
  private static final int MOST_PATHS = 16;
  private static final int DAYS = 3;
  private static final int KNOWN = 64;
  private static final String[] ROWS = {"top", "middle", "bottom"};
  private static final String[] COLUMNS = {"left", "centre left", "centre right", "right"};
  /** Way by way as bytes. */
  static final Comparator<ByteString> ORDER = ByteString.unsignedLexicographicalComparator();

  final List<Long> versions = new ArrayList<>();
  private final TreeMap<ByteString, Double> ways = new TreeMap<>(ORDER);
  private final Deque<ByteString> known = new ArrayDeque<>();
  private long day;
  private int days;
  /** The visit under way; null when there is none. */
  private List<Integer> way;
  private long last;
  private boolean mixed;

  /** A usual path and its share of the visits. */
  record Path(ByteString way, double share) {}

  /** What a new day asks for; no new path is null. */
  record Mined(List<Path> paths, Path fresh) {
    Flumen.Patterns record() {
      Flumen.Patterns.Builder to = Flumen.Patterns.newBuilder();
      paths.forEach(path -> to.addPaths(
          Flumen.Patterns.Path.newBuilder().addAllPlaces(places(path.way)).setSupport(path.share)));
      return to.build();
    }
  }

  /** What one busy window says of a visit: second, place and marks in one number. */
  static long foot(Window window) {
    int column = part(Features.value(window, Features.FOOT_X), 4);
    int row = part(Features.value(window, Features.FOOT_Y), 3);
    int place = column < 0 || row < 0 ? 0 : 1 + 4 * row + column;
    int alone = Features.value(window, Features.THINGS_MOST) <= 1 ? 1 : 0;
    int fresh = Features.value(window, Features.THINGS_NEW) >= 1 ? 2 : 0;
    return Math.floorDiv(window.getBeginUs(), 1_000_000L) * 64 + 4 * place + alone + fresh;
  }

  /** In which of so many parts; -1 near to an inner edge. */
  private static int part(double share, double parts) {
    double edge = Math.rint(share * parts);
    boolean near = Math.abs(share - edge / parts) < NEAR && edge > 0 && edge < parts;
    return near ? -1 : (int) Math.max(0, Math.min(parts - 1, share * parts));
  }

  /** Takes the busy windows of a minute. */
  void minute(List<Long> feet) {
    for (long foot : feet) {
      long second = foot / 64;
      int place = (int) (foot % 64 / 4) - 1;
      if (way != null && second - last > APART_S) {
        end();
      }
      boolean first = way == null;
      if (first) {
        way = new ArrayList<>();
        mixed = false;
      }
      last = second;
      mixed |= foot % 2 == 0 || (foot / 2 % 2 == 1 && !first);
      if (place >= 0 && way.size() < MOST_PLACES && (way.isEmpty() || way.get(way.size() - 1) != place)) {
        way.add(place);
      }
    }
  }

  private void end() {
    ByteString done = bytes(way);
    if (!mixed && done.size() >= 2 && (ways.size() < MOST_WAYS || ways.containsKey(done))) {
      ways.merge(done, 1.0, Double::sum);
    }
    way = null;
  }

  private double all() {
    double sum = 0;
    for (double count : ways.values()) {
      sum += count;
    }
    return sum;
  }

  /** Ways that are mined, as often as they were taken of so many visits; nothing while there are too few. */
  void sequences(int visits, int offset, List<List<Integer>> to) {
    double all = all();
    if (all < ENOUGH) {
      return;
    }
    ways.forEach((taken, count) -> {
      List<Integer> items = places(taken).stream().map(place -> place + offset).toList();
      for (long i = Math.round(count * visits / all); i > 0; i--) {
        to.add(items);
      }
    });
  }

  /** Ends a day: what may be usual is counted, old visits fade; null while nothing is usual. */
  Mined turn(long today, List<ByteString> candidates) {
    day = today;
    days++;
    List<Path> paths = all() < ENOUGH ? List.of() : usual(candidates);
    ways.replaceAll((taken, count) -> count * FADE);
    prune();
    if (paths.isEmpty()) {
      return null;
    }
    boolean warm = days > DAYS;
    Path fresh = paths.stream().filter(path -> !knows(path.way)).findFirst().filter(path -> warm).orElse(null);
    List<ByteString> add = paths.stream().map(Path::way).filter(taken -> !warm || knows(taken)).toList();
    add.forEach(this::know);
    if (fresh != null) {
      know(fresh.way);
    }
    while (known.size() > KNOWN) {
      known.removeFirst();
    }
    return new Mined(paths, fresh);
  }

  private void know(ByteString taken) {
    if (!known.contains(taken)) {
      known.addLast(taken);
    }
  }

  private boolean knows(ByteString taken) {
    return known.stream().anyMatch(one -> holds(one, taken) || holds(taken, one));
  }

  /** The candidates that are usual and lie in no longer one, with their share; those of most visits first. */
  private List<Path> usual(List<ByteString> candidates) {
    double all = all();
    List<Path> frequent = new ArrayList<>();
    for (ByteString candidate : candidates) {
      double count = 0;
      for (var one : ways.entrySet()) {
        count += holds(one.getKey(), candidate) ? one.getValue() : 0;
      }
      if (count >= USUAL * all) {
        frequent.add(new Path(candidate, count));
      }
    }
    return frequent.stream()
        .filter(path -> path.way.size() >= 2)
        .filter(path -> frequent.stream().noneMatch(o -> o.way.size() > path.way.size() && holds(o.way, path.way)))
        .sorted(Comparator.comparingDouble((Path path) -> -path.share).thenComparing(Path::way, ORDER))
        .limit(MOST_PATHS)
        .map(path -> new Path(path.way, path.share / all))
        .toList();
  }

  /** Leaves the ways that most took. */
  private void prune() {
    List<Double> counts = ways.values().stream().sorted(Comparator.reverseOrder()).toList();
    double least = counts.size() > KEPT_WAYS ? Math.max(GONE, counts.get(KEPT_WAYS)) : GONE;
    ways.values().removeIf(count -> count <= least);
  }

  /** True when a part lies in a way in its order. */
  static boolean holds(ByteString way, ByteString part) {
    int at = 0;
    for (int i = 0; i < way.size() && at < part.size(); i++) {
      at += way.byteAt(i) == part.byteAt(at) ? 1 : 0;
    }
    return at == part.size();
  }

  static ByteString bytes(List<Integer> places) {
    byte[] bytes = new byte[places.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = places.get(i).byteValue();
    }
    return ByteString.copyFrom(bytes);
  }

  static List<Integer> places(ByteString way) {
    List<Integer> places = new ArrayList<>();
    for (byte place : way) {
      places.add((int) place);
    }
    return places;
  }

  /** What is told of a path that was not usual before. */
  Insight insight(String camera, Path path) {
    List<Integer> places = places(path.way);
    List<String> names = places.stream().map(place -> ROWS[place / 4] + " " + COLUMNS[place % 4]).toList();
    return Insight.newBuilder()
        .setId(Anomalies.id(camera, InsightKind.INSIGHT_KIND_PATTERN, day * DAY_US, "path"))
        .setCamera(camera)
        .setKind(InsightKind.INSIGHT_KIND_PATTERN)
        .setPhase(Phase.PHASE_END)
        .setBeginUs(day * DAY_US)
        .setEndUs(day * DAY_US)
        .setDimension("path")
        .addAllPlaces(places)
        .setSupport(path.share)
        .setText(String.format(Locale.ROOT, "a path that is usual now and was not: %s (%.0f %% of the visits)",
            String.join(", ", names), 100 * path.share))
        .setModelVersion(versions.isEmpty() ? 0 : versions.get(versions.size() - 1))
        .setTrainer(Cards.TRAINER)
        .build();
  }

  PatternState save() {
    PatternState.Builder to = PatternState.newBuilder()
        .setVisiting(way != null)
        .setLast(last)
        .setMixed(mixed)
        .setDay(day)
        .setDays(days)
        .addAllKnown(known)
        .addAllVersions(versions);
    if (way != null) {
      to.setWay(bytes(way));
    }
    ways.forEach((taken, count) -> to.addWays(taken).addCounts(count));
    return to.build();
  }

  void load(PatternState from) {
    way = from.getVisiting() ? places(from.getWay()) : null;
    last = from.getLast();
    mixed = from.getMixed();
    day = from.getDay();
    days = from.getDays();
    known.addAll(from.getKnownList());
    versions.addAll(from.getVersionsList());
    for (int i = 0; i < from.getWaysCount(); i++) {
      ways.put(from.getWays(i), from.getCounts(i));
    }
  }
}
