package flumen.spark;

import flumen.spark.state.HealthState;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.InsightKind;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Oddity;
import flumen.v1.Flumen.Phase;
import java.util.List;
import java.util.Locale;

/** A camera that goes towards failure (docs/ref/models.md, "Health"). */
final class Health {
  private static final List<String> WATCHED = List.of("brightness", "contrast", "sharpness", "noise", "unit_rate");
  private static final List<String> LOOK_AFTER = List.of(
      "look after the light and the lens",
      "clean the lens",
      "clean and refocus the lens",
      "look after the light and the sensor",
      "look after the network and the power supply");
  private static final int NOISE = 3;
  private static final int WHOLE = 30;
  private static final long MINUTE_US = 60_000_000;
  private static final long EVERY = 6;
  private static final double MOST_HOURS = 240;

  private final String camera;
  private long hour;
  private int hourOfDay;
  private int minutes;
  private double[] sums = new double[WATCHED.size()];
  private final Trend[] trends = new Trend[WATCHED.size()];
  /** What is open; below 0 when nothing is. */
  private int watched = -1;
  private int revision;
  private long begin;
  private long told;

  Health(String camera) {
    this.camera = camera;
    for (int i = 0; i < trends.length; i++) {
      trends[i] = new Trend();
    }
  }

  /** Takes a minute; gives what is told when an hour has ended by it, else null. */
  Insight minute(Minute minute) {
    if (minute.getSeen() < WHOLE) {
      return null;
    }
    Insight insight = null;
    long now = minute.getMinute() / 60;
    if (now > hour) {
      insight = minutes >= WHOLE ? end() : null;
      hour = now;
      hourOfDay = minute.getHourOfWeek() % 24;
      minutes = 0;
      sums = new double[WATCHED.size()];
    }
    minutes++;
    double[] values = {
      minute.getBrightness(), minute.getContrast(), minute.getSharpness(), minute.getNoise(), minute.getUnitRate()
    };
    for (int i = 0; i < values.length; i++) {
      sums[i] += values[i];
    }
    return insight;
  }

  /** Ends the hour under way. */
  private Insight end() {
    for (int i = 0; i < trends.length; i++) {
      trends[i].hour(hour, hourOfDay, sums[i] / minutes, i == NOISE);
    }
    if (watched < 0) {
      return begin();
    }
    Trend.Line back = trends[watched].recovered();
    Trend.Line line = back == null && hour >= told + EVERY ? trends[watched].line() : back;
    if (line == null) {
      return null;
    }
    revision++;
    told = hour;
    Insight insight = insight(back == null ? Phase.PHASE_UPDATE : Phase.PHASE_END, line);
    watched = back == null ? watched : -1;
    return insight;
  }

  /** Begins with what is furthest below the usual, if anything falls. */
  private Insight begin() {
    Trend.Line worst = null;
    for (int i = 0; i < trends.length; i++) {
      Trend.Line line = trends[i].line();
      if (line != null && line.fails() && (worst == null || line.level() < worst.level())) {
        worst = line;
        watched = i;
      }
    }
    revision = 0;
    begin = hour;
    told = hour;
    return worst == null ? null : insight(Phase.PHASE_BEGIN, worst);
  }

  private static long endUs(long hour) {
    return (hour + 1) * 60 * MINUTE_US;
  }

  private Insight insight(Phase phase, Trend.Line line) {
    String dimension = WATCHED.get(watched);
    double ratio = Math.exp(watched == NOISE ? -line.level() : line.level());
    double left = phase == Phase.PHASE_END || line.hoursLeft() > MOST_HOURS ? -1 : line.hoursLeft();
    String text = words(dimension, phase, ratio, left);
    return Insight.newBuilder()
        .setId(Anomalies.id(camera, InsightKind.INSIGHT_KIND_HEALTH, endUs(begin), dimension))
        .setRevision(revision)
        .setCamera(camera)
        .setKind(InsightKind.INSIGHT_KIND_HEALTH)
        .setPhase(phase)
        .setBeginUs(endUs(begin))
        .setEndUs(endUs(hour) + (long) (Math.max(0, left) * 60) * MINUTE_US)
        .setDimension(dimension)
        .addOddities(Oddity.newBuilder().setDimension(dimension).setSeen(ratio).setExpected(1).setText(text))
        .setText(text)
        .setTrainer(Cards.TRAINER)
        .build();
  }

  private String words(String dimension, Phase phase, double ratio, double left) {
    boolean noise = watched == NOISE;
    String name = dimension.equals("unit_rate") ? "the rate of pictures" : dimension;
    String now = String.format(Locale.ROOT, "%s is at %.0f %% of what is usual at this hour", name, 100 * ratio);
    if (phase == Phase.PHASE_END) {
      return now + ": that is about the usual again";
    }
    return left >= 1
        ? String.format(Locale.ROOT, "%s and %s; at this pace it is at %d %% in %.0f hours: %s",
            now, noise ? "grows" : "falls", noise ? 167 : 60, left, LOOK_AFTER.get(watched))
        : now + ": " + LOOK_AFTER.get(watched);
  }

  HealthState save() {
    HealthState.Builder to = HealthState.newBuilder()
        .setHour(hour)
        .setHourOfDay(hourOfDay)
        .setMinutes(minutes)
        .setOpen(watched + 1)
        .setRevision(revision)
        .setBegin(begin)
        .setTold(told);
    Lists.put(sums, to::addSums);
    for (Trend trend : trends) {
      HealthState.Usual.Builder usual = HealthState.Usual.newBuilder();
      for (double[] one : trend.hours) {
        Lists.put(one, usual::addHours);
      }
      trend.last.forEach(one -> Lists.put(one, usual::addLast));
      to.addUsual(usual);
    }
    return to.build();
  }

  void load(HealthState from) {
    if (from.getUsualCount() == 0) {
      return;
    }
    hour = from.getHour();
    hourOfDay = from.getHourOfDay();
    minutes = from.getMinutes();
    watched = from.getOpen() - 1;
    revision = from.getRevision();
    begin = from.getBegin();
    told = from.getTold();
    sums = Lists.array(from.getSumsList());
    for (int i = 0; i < trends.length; i++) {
      List<double[]> hours = Lists.rows(from.getUsual(i).getHoursList(), 2);
      for (int h = 0; h < hours.size(); h++) {
        trends[i].hours[h] = hours.get(h);
      }
      trends[i].last.addAll(Lists.rows(from.getUsual(i).getLastList(), 2));
    }
  }
}
