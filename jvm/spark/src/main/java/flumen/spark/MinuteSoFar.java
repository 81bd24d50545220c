package flumen.spark;

import static flumen.spark.Features.value;

import flumen.spark.state.OpenMinute;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Window;
import java.util.ArrayList;
import java.util.List;

/** A minute of one camera, as its windows come (docs/ref/models.md, "Minutes"). */
final class MinuteSoFar {
  private static final int[] MEANS = {
    Features.BRIGHTNESS, Features.CONTRAST, Features.SHARPNESS,
    Features.NOISE, Features.UNIT_RATE, Features.BYTE_RATE,
  };
  private static final double MOVES = 0.05;
  private static final double LEADS = 0.5;
  private static final long FIRST_MONDAY_H = 96;

  final long minute;
  private final Minute.Builder record;
  private final int[] cells = new int[48];
  private final int[] ways = new int[96];
  private final double[] most = new double[2];
  private final double[] look = new double[32];
  private final double[] means = new double[MEANS.length];

  /** Features of the busy windows in their order. */
  final List<double[]> features = new ArrayList<>();

  /** Where the busy windows' things stood, for visits. */
  final List<Long> feet = new ArrayList<>();

  /** The first busy window, for golden vectors. */
  Window sample;

  MinuteSoFar(String camera, long minute) {
    this.minute = minute;
    record = Minute.newBuilder().setCamera(camera).setMinute(minute);
  }

  static long minuteOf(Window window) {
    return Math.max(0, Math.floorDiv(window.getBeginUs(), 60_000_000L));
  }

  /** Takes a window; one that is not good changes nothing. */
  void add(Window window) {
    if (!Features.isGood(window)) {
      return;
    }
    if (record.getSeen() == 0) {
      long hours = Math.floorDiv(Features.localSeconds(window), 3600L) - FIRST_MONDAY_H;
      record.setHourOfWeek((int) Math.floorMod(hours, 168L));
    }
    record.setSeen(record.getSeen() + 1);
    record.setEntries(record.getEntries() + (int) value(window, Features.THINGS_NEW));
    record.setDwellS(Math.max(record.getDwellS(), value(window, Features.DWELL_MOST)));
    double things = value(window, Features.THINGS_MOST);
    if (things > most[0]) {
      most[1] = most[0];
      most[0] = things;
    } else if (things > most[1]) {
      most[1] = things;
    }
    for (int i = 0; i < look.length; i++) {
      look[i] += value(window, Features.LOOK + i);
    }
    for (int i = 0; i < MEANS.length; i++) {
      means[i] += value(window, MEANS[i]);
    }
    if (Features.isBusy(window)) {
      busy(window);
    }
  }

  private void busy(Window window) {
    record.setBusy(record.getBusy() + 1);
    features.add(Features.of(window));
    feet.add(Patterns.foot(window));
    if (sample == null) {
      sample = window;
    }
    for (int i = 0; i < cells.length; i++) {
      cells[i] += value(window, Features.ACTIVITY + i) >= MOVES ? 1 : 0;
    }
    if (value(window, Features.THINGS_MOST) > 2) {
      return;
    }
    int place = 4 * part(window, Features.FOOT_Y, 3) + part(window, Features.FOOT_X, 4);
    for (int k = 0; k < 8; k++) {
      if (value(window, Features.HEADING + k) >= LEADS) {
        ways[8 * place + k]++;
        return;
      }
    }
  }

  private static int part(Window window, int at, int parts) {
    return (int) Math.max(0, Math.min(parts - 1, value(window, at) * parts));
  }

  /** What has come so far, as a record. */
  Minute record() {
    Minute.Builder all = record.clone();
    double n = Math.max(1, record.getSeen());
    for (int cell : cells) {
      all.addCells(cell);
    }
    for (int way : ways) {
      all.addWays(way);
    }
    for (double sum : look) {
      all.addLook(sum / n);
    }
    return all.setThings((int) most[1])
        .setBrightness(means[0] / n)
        .setContrast(means[1] / n)
        .setSharpness(means[2] / n)
        .setNoise(means[3] / n)
        .setUnitRate(means[4] / n)
        .setByteRate(means[5] / n)
        .build();
  }

  OpenMinute save() {
    Minute.Builder counted = record.clone();
    for (int cell : cells) {
      counted.addCells(cell);
    }
    for (int way : ways) {
      counted.addWays(way);
    }
    OpenMinute.Builder to = OpenMinute.newBuilder().setMinute(counted);
    Lists.put(most, to::addMost);
    Lists.put(look, to::addLook);
    Lists.put(means, to::addMeans);
    features.forEach(x -> Lists.put(x, to::addFeatures));
    to.addAllFeet(feet);
    if (sample != null) {
      to.setSample(sample);
    }
    return to.build();
  }

  static MinuteSoFar load(OpenMinute from) {
    Minute counted = from.getMinute();
    MinuteSoFar so = new MinuteSoFar(counted.getCamera(), counted.getMinute());
    so.record.mergeFrom(counted).clearCells().clearWays();
    for (int i = 0; i < so.cells.length; i++) {
      so.cells[i] = counted.getCells(i);
    }
    for (int i = 0; i < so.ways.length; i++) {
      so.ways[i] = counted.getWays(i);
    }
    Lists.get(from.getMostList(), so.most);
    Lists.get(from.getLookList(), so.look);
    Lists.get(from.getMeansList(), so.means);
    so.features.addAll(Lists.rows(from.getFeaturesList(), Features.COUNT));
    so.feet.addAll(from.getFeetList());
    so.sample = from.hasSample() ? from.getSample() : null;
    return so;
  }
}
