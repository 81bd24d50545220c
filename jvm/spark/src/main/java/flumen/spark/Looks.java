package flumen.spark;

import flumen.spark.state.LooksState;
import flumen.v1.Flumen.Appearance;
import flumen.v1.Flumen.Minute;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** How one camera's picture usually looks: principal components of its hours (docs/ref/models.md). */
final class Looks {
  private static final int PARTS = 32;
  /** Good windows that a minute needs, and the least deviation of a look in luma. */
  private static final int SEEN = 10;
  private static final double LEAST_DEVIATION = 8;
  /** Hours that a fit looks back on, and those it needs. */
  private static final int MOST = 96;
  private static final int ENOUGH = 24;
  /** Minutes of an hour that count as one. */
  private static final int WHOLE = 20;
  private static final int DIRECTIONS = 4;
  private static final double LEAST_VARIANCE = 1e-9;
  /** Hours between fits. */
  private static final int EVERY = 6;
  private static final int SAMPLES = 8;

  final Deque<Minute> samples = new ArrayDeque<>();
  final List<Long> versions = new ArrayList<>();
  private Appearance record = Appearance.getDefaultInstance();
  private double[] mean;
  private List<double[]> directions = List.of();
  private final Deque<double[]> hours = new ArrayDeque<>();
  private long hour;
  private double[] sum = new double[PARTS];
  private int minutes;
  private Minute last;

  /** A minute's look, free of brightness and contrast; null when it saw too little. */
  private static double[] look(Minute minute) {
    if (minute.getSeen() < SEEN || minute.getLookCount() != PARTS) {
      return null;
    }
    double[] look = Lists.array(minute.getLookList());
    double sum = 0;
    for (double v : look) {
      sum += v;
    }
    double mean = sum / PARTS;
    double square = 0;
    for (double v : look) {
      square += (v - mean) * (v - mean);
    }
    double deviation = Math.max(LEAST_DEVIATION, Math.sqrt(square / PARTS));
    for (int i = 0; i < PARTS; i++) {
      look[i] = (look[i] - mean) / deviation;
    }
    return look;
  }

  /** How far a minute is from the usual looks; 0 while nothing is known. */
  double score(Minute minute) {
    double[] rest = mean == null ? null : look(minute);
    if (rest == null) {
      return 0;
    }
    for (int i = 0; i < PARTS; i++) {
      rest[i] -= mean[i];
    }
    double[] whole = rest.clone();
    for (double[] direction : directions) {
      double along = 0;
      for (int i = 0; i < PARTS; i++) {
        along += whole[i] * direction[i];
      }
      for (int i = 0; i < PARTS; i++) {
        rest[i] -= along * direction[i];
      }
    }
    double square = 0;
    for (double v : rest) {
      square += v * v;
    }
    return square / PARTS;
  }

  /** Learns from a minute; true when the model is a new one. */
  boolean learn(Minute minute, boolean usual, long turn, Training training) {
    long now = minute.getMinute() / 60;
    boolean ended = now != hour;
    if (ended) {
      endHour();
      hour = now;
    }
    double[] look = usual ? look(minute) : null;
    if (look != null) {
      for (int i = 0; i < PARTS; i++) {
        sum[i] += look[i];
      }
      minutes++;
      last = minute;
    }
    if (!ended || now % EVERY != turn % EVERY || hours.size() < ENOUGH) {
      return false;
    }
    fit(training);
    return true;
  }

  private void endHour() {
    if (minutes >= WHOLE) {
      double[] one = sum;
      for (int i = 0; i < PARTS; i++) {
        one[i] /= minutes;
      }
      keep(hours, one, MOST);
      keep(samples, last, SAMPLES);
      last = null;
    }
    sum = new double[PARTS];
    minutes = 0;
  }

  private void fit(Training training) {
    double[] middle = new double[PARTS];
    for (double[] one : hours) {
      for (int i = 0; i < PARTS; i++) {
        middle[i] += one[i];
      }
    }
    for (int i = 0; i < PARTS; i++) {
      middle[i] /= hours.size();
    }
    Appearance.Builder to = Appearance.newBuilder();
    Lists.put(middle, to::addMean);
    training.components(List.copyOf(hours), DIRECTIONS, LEAST_VARIANCE).forEach(d -> Lists.put(d, to::addDirections));
    take(to.build());
  }

  private void take(Appearance from) {
    record = from;
    mean = from.getMeanCount() == 0 ? null : Lists.array(from.getMeanList());
    directions = Lists.rows(from.getDirectionsList(), PARTS);
  }

  Appearance record() {
    return record;
  }

  private static <T> void keep(Deque<T> list, T one, int most) {
    if (list.size() == most) {
      list.removeFirst();
    }
    list.addLast(one);
  }

  LooksState save() {
    LooksState.Builder to = LooksState.newBuilder()
        .setModel(record)
        .setHour(hour)
        .setMinutes(minutes)
        .addAllSamples(samples)
        .addAllVersions(versions);
    hours.forEach(one -> Lists.put(one, to::addHours));
    Lists.put(sum, to::addSum);
    if (last != null) {
      to.setLast(last);
    }
    return to.build();
  }

  void load(LooksState from) {
    take(from.getModel());
    hour = from.getHour();
    minutes = from.getMinutes();
    samples.addAll(from.getSamplesList());
    versions.addAll(from.getVersionsList());
    hours.addAll(Lists.rows(from.getHoursList(), PARTS));
    sum = Lists.array(from.getSumList());
    last = from.hasLast() ? from.getLast() : null;
  }
}
