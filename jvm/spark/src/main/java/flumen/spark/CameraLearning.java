package flumen.spark;

import flumen.spark.state.CameraState;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;

/** What is learned of one camera. */
final class CameraLearning {
  /** All dimensions of an odd minute, in the order in which they are kept. */
  static final List<String> DIMENSIONS =
      List.of("time", "place", "way", "crowd", "dwell", "absence", "cluster", "density", "look");
  /** Below these nothing is odd. */
  static final double[] LEAST = {40, 100, 32, 100, 100, 3, 24, 12, 0.05};

  static final int ABSENCE = 5;
  static final int CLUSTER = 6;
  static final int DENSITY = 7;
  static final int LOOK = 8;
  /** Minutes before scores are counted, and before anything is odd. */
  static final long DAY = 1440;
  static final long WARM = 2 * DAY;

  /**
   * Minutes that a mixture scores before its scores are counted, and before they are odd: its
   * sample holds a week, and until then each fit moves them.
   */
  private static final long SETTLED = 7 * DAY;
  private static final long DENSE = 9 * DAY;

  private static final double FADE = 0.975;
  private static final int MOST_ODD = 30;
  private static final int SAMPLES = 8;
  private static final int WHOLE = 30;

  final String camera;
  String group;
  long epoch;
  long sequence = -1;
  final TreeMap<Long, MinuteSoFar> open = new TreeMap<>();
  final Normals normals = new Normals();
  Profiles profile = new Profiles();
  final Scores[] scores = new Scores[DIMENSIONS.size()];
  double weight;
  long minutes;
  long windows;
  long fromUs;
  final Deque<Minute> samples = new ArrayDeque<>();
  final Anomalies anomalies;
  final List<Long> versions = new ArrayList<>();
  final Looks looks = new Looks();
  final Verdicts verdicts = new Verdicts();
  final Forecasts forecasts = new Forecasts();
  final Patterns patterns = new Patterns();
  final Health health;
  private double absence;
  /** Minutes that a mixture has scored. */
  private long dense;
  private long day = -1;
  private long lastOdd;
  private final int[] oddToday = new int[DIMENSIONS.size()];

  CameraLearning(String camera) {
    this.camera = camera;
    anomalies = new Anomalies(camera);
    health = new Health(camera);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = new Scores();
    }
  }

  /** True when a window came before. */
  boolean knows(Window window) {
    return window.getEpoch() < epoch
        || window.getEpoch() == epoch && window.getSequence() <= sequence;
  }

  /** Takes a window into its minute. */
  void take(Window window) {
    epoch = window.getEpoch();
    sequence = window.getSequence();
    group = Groups.of(window);
    long minute = MinuteSoFar.minuteOf(window);
    open.computeIfAbsent(minute, m -> new MinuteSoFar(camera, m)).add(window);
  }

  /** Scores of a minute before it is learned from, in the order of DIMENSIONS. */
  double[] score(MinuteSoFar so, Minute minute, GroupLearning group) {
    double[] all = new double[DIMENSIONS.size()];
    double[] rare = profile.scores(minute);
    System.arraycopy(rare, 0, all, 0, rare.length);
    if (Profiles.isActive(minute)) {
      absence = 0;
    } else if (minute.getSeen() >= WHOLE) {
      absence += profile.expectedShare(minute.getHourOfWeek());
    }
    all[ABSENCE] = absence;
    if (group.clusters != null) {
      all[CLUSTER] = third(so, group.clusters::nearest);
    }
    if (group.mixtures.model != null) {
      dense++;
      all[DENSITY] = third(so, group.mixtures.model::density);
    }
    all[LOOK] = looks.score(minute);
    return all;
  }

  /** The third largest score of a minute's busy windows. */
  private double third(MinuteSoFar so, java.util.function.ToDoubleFunction<double[]> score) {
    Third third = new Third();
    if (normals.windows > 0) {
      so.features.forEach(x -> third.add(score.applyAsDouble(normals.standardised(x))));
    }
    return third.value();
  }

  /** The threshold of a dimension; 0 while there is none. */
  double threshold(int dimension) {
    double least = Math.max(LEAST[dimension], verdicts.floor(dimension));
    boolean known = minutes >= WARM && (dimension != DENSITY || dense >= DENSE);
    return !known ? 0 : scores[dimension].threshold(weight, least);
  }

  double[] thresholds() {
    double[] all = new double[DIMENSIONS.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = threshold(i);
    }
    return all;
  }

  /** Learns from a minute that was scored; true when the looks are fitted anew. */
  boolean learn(MinuteSoFar so, Minute minute, double[] scored, double[] thresholds, Training training) {
    begin(minute.getMinute() / DAY);
    boolean usual = true;
    boolean usualLook = true;
    double[] odd = new double[scored.length];
    for (int i = 0; i < scored.length; i++) {
      if (thresholds[i] > 0 && scored[i] > thresholds[i]) {
        oddToday[i]++;
        odd[i] = scored[i];
        usual &= i == LOOK || oddToday[i] > MOST_ODD;
        usualLook &= i != LOOK || oddToday[i] > MOST_ODD;
      }
      if (minutes >= DAY && (i != DENSITY || dense >= SETTLED)) {
        scores[i].add(scored[i], thresholds[i], weight);
      }
    }
    if (usual) {
      profile.learn(minute);
    } else if (minute.getMinute() > lastOdd + Anomalies.APART) {
      // Times, numbers and stays that come again and again are learned by their first minutes;
      // one long anomaly is not.
      profile.learn(minute.toBuilder().clearCells().clearWays().build());
    }
    if (java.util.Arrays.stream(odd).anyMatch(score -> score > 0)) {
      verdicts.odd(minute, odd);
      lastOdd = minute.getMinute();
    }
    boolean fitted = looks.learn(minute, usualLook, turn(), training);
    so.features.forEach(normals::add);
    fromUs = minutes == 0 ? minute.getMinute() * 60_000_000L : fromUs;
    weight += minutes >= DAY ? 1 : 0;
    minutes++;
    windows += minute.getSeen();
    if (samples.size() == SAMPLES) {
      samples.removeFirst();
    }
    samples.addLast(minute.toBuilder().clearLook().build());
    return fitted;
  }

  /** Spreads what is done every so often over the cameras. */
  long turn() {
    long sum = 0;
    for (byte b : camera.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      sum += b & 0xff;
    }
    return sum;
  }

  /** Learns what people said of minutes up to this one; true when there was something. */
  boolean hear(long minute) {
    Profiles taught = verdicts.learn(minute, profile);
    profile = taught == null ? profile : taught;
    return taught != null;
  }

  /** Old counts fade at the first minute of a day. */
  private void begin(long today) {
    if (today == day) {
      return;
    }
    if (day >= 0) {
      profile.fade(FADE);
      weight *= FADE;
      for (Scores counts : scores) {
        counts.fade(FADE);
      }
      verdicts.fade(FADE);
    }
    day = today;
    java.util.Arrays.fill(oddToday, 0);
  }

  CameraState save() {
    CameraState.Builder to = CameraState.newBuilder()
        .setCamera(camera)
        .setGroup(group)
        .setEpoch(epoch)
        .setSequence(sequence)
        .setWindows(normals.windows)
        .setProfile(profile.record())
        .setWeight(weight)
        .setMinutes(minutes)
        .setAbsence(absence)
        .setDense(dense)
        .setDay(day)
        .setFromUs(fromUs)
        .setLastOdd(lastOdd)
        .setGoodWindows(windows)
        .addAllSamples(samples)
        .addAllVersions(versions)
        .setLooks(looks.save())
        .setVerdicts(verdicts.save())
        .setForecasts(forecasts.save())
        .setPatterns(patterns.save())
        .setHealth(health.save());
    open.values().forEach(so -> to.addOpen(so.save()));
    Lists.put(normals.mean, to::addMean);
    Lists.put(normals.variance, to::addVariance);
    for (Scores counts : scores) {
      to.addHistograms(counts.record());
    }
    for (int odd : oddToday) {
      to.addOddToday(odd);
    }
    anomalies.save(to);
    return to.build();
  }

  static CameraLearning load(CameraState from) {
    CameraLearning it = new CameraLearning(from.getCamera());
    it.group = from.getGroup();
    it.epoch = from.getEpoch();
    it.sequence = from.getSequence();
    from.getOpenList().stream().map(MinuteSoFar::load).forEach(so -> it.open.put(so.minute, so));
    it.normals.windows = from.getWindows();
    Lists.get(from.getMeanList(), it.normals.mean);
    Lists.get(from.getVarianceList(), it.normals.variance);
    it.profile = Profiles.of(from.getProfile());
    for (int i = 0; i < it.scores.length; i++) {
      it.scores[i] = Scores.of(from.getHistograms(i));
      it.oddToday[i] = from.getOddToday(i);
    }
    it.weight = from.getWeight();
    it.minutes = from.getMinutes();
    it.absence = from.getAbsence();
    it.dense = from.getDense();
    it.day = from.getDay();
    it.fromUs = from.getFromUs();
    it.lastOdd = from.getLastOdd();
    it.windows = from.getGoodWindows();
    it.samples.addAll(from.getSamplesList());
    it.versions.addAll(from.getVersionsList());
    it.looks.load(from.getLooks());
    it.verdicts.load(from.getVerdicts());
    it.forecasts.load(from.getForecasts());
    it.patterns.load(from.getPatterns());
    it.health.load(from.getHealth());
    it.anomalies.load(from);
    return it;
  }
}
