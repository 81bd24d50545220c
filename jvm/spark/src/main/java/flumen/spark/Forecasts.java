package flumen.spark;

import flumen.spark.state.ForecastState;
import flumen.spark.state.MadeHour;
import flumen.v1.Flumen.Forecaster;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.InsightKind;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.ModelCard.Measure;
import flumen.v1.Flumen.Phase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** Entries of the hours to come of one camera (docs/ref/models.md, "Forecast"). */
final class Forecasts {
  private static final long HOUR_US = 3_600_000_000L;
  private static final int WHOLE = 30;
  private static final int HOURS = 24;
  private static final int PAST = 48;
  private static final int ENOUGH = 24;
  private static final double FADE = 0.975;
  private static final double[] HALF_LIFE = {6, 72};
  private static final double USUAL = 10;
  private static final double FAR = 5;

  final List<Long> versions = new ArrayList<>();
  private long hour;
  private int hourOfWeek;
  private int minutes;
  private double entries;
  private long hours;
  private final Season season = new Season();
  /** What came of late, and what the season had said. */
  private final double[][] levels = new double[2][2];
  private double wide = 1;
  private final Ahead[] ahead = {new Ahead(), new Ahead()};
  private final double[] week = new double[Season.WEEK];
  private final Deque<Insight.Ahead> past = new ArrayDeque<>();
  private final Measures measures = new Measures();

  /** What an ended hour asks for; the first hour of a day asks for a card, too. */
  record Ended(List<MadeHour> next, boolean day) {}

  Forecasts() {
    Arrays.fill(week, -1);
  }

  /** Takes a minute; gives what is to be told when an hour has ended by it, else null. */
  Ended minute(Minute minute) {
    if (minute.getSeen() == 0) {
      return null;
    }
    long now = minute.getMinute() / 60;
    Ended ended = now > hour ? turn(now, minute.getHourOfWeek()) : null;
    if (minute.getSeen() >= WHOLE) {
      minutes++;
      entries += minute.getEntries();
    }
    return ended;
  }

  /** Ends the hour under way and begins another. */
  private Ended turn(long now, int nowOfWeek) {
    if (minutes >= WHOLE) {
      learn(entries * 60 / minutes);
    } else {
      ahead[0].of(hour);
      ahead[1].of(hour);
    }
    boolean day = hour / 24 != now / 24;
    if (day) {
      season.fade(FADE);
      ahead[0].fade(FADE);
      ahead[1].fade(FADE);
      measures.fade(FADE);
      wide = ahead[0].spread()[0];
    }
    for (long skipped = Math.max(hour, now - Season.WEEK); skipped < now; skipped++) {
      if (skipped != hour || minutes < WHOLE) {
        week[(int) (skipped % Season.WEEK)] = -1;
      }
    }
    hour = now;
    hourOfWeek = nowOfWeek;
    minutes = 0;
    entries = 0;
    if (hours < ENOUGH) {
      return null;
    }
    Season.Rates rates = season.rates(wide);
    List<MadeHour> next = new ArrayList<>();
    for (int steps = 0; steps < HOURS; steps++) {
      next.add(made(rates, steps));
    }
    ahead[0].keep(next.get(0));
    ahead[1].keep(next.get(HOURS - 1));
    return new Ended(next, day);
  }

  /** Learns what the hour under way brought. */
  private void learn(double came) {
    MadeHour[] made = {ahead[0].of(hour), ahead[1].of(hour)};
    int at = (int) (hour % Season.WEEK);
    measures.add(made, came, week[at]);
    double kept = came;
    if (made[0] != null && made[0].getKnown()) {
      double far = FAR * Math.sqrt(made[0].getVariance() + 1);
      kept = Math.max(Math.max(0, made[0].getMean() - far), Math.min(made[0].getMean() + far, came));
    }
    for (int i = 0; i < ahead.length; i++) {
      if (made[i] != null) {
        ahead[i].learn(made[i], came, kept);
      }
    }
    double usual = season.rates(wide).rate()[hourOfWeek];
    for (int i = 0; i < levels.length; i++) {
      double fade = Math.pow(0.5, 1 / HALF_LIFE[i]);
      levels[i][0] = levels[i][0] * fade + kept;
      levels[i][1] = levels[i][1] * fade + usual;
    }
    season.add(hourOfWeek, kept);
    week[at] = came;
    hours++;
    if (made[0] != null) {
      if (past.size() == PAST) {
        past.removeFirst();
      }
      past.addLast(step(made[0]).setCame(came).build());
    }
  }

  /** The hour so many after this one. */
  private MadeHour made(Season.Rates rates, int steps) {
    int at = (hourOfWeek + steps) % Season.WEEK;
    double usual = rates.rate()[at];
    double against = USUAL * wide;
    double[] inputs = {usual, 0, 0};
    for (int i = 0; i < levels.length; i++) {
      inputs[i + 1] = usual * ((levels[i][0] + against) / (levels[i][1] + against) - 1);
    }
    double far = (double) steps / (HOURS - 1);
    double first = ahead[0].mean(inputs);
    double mean = first + (ahead[1].mean(inputs) - first) * far;
    double[] near = ahead[0].spread();
    double[] day = ahead[1].spread();
    double a = near[0] + (day[0] - near[0]) * far;
    double b = near[1] + (day[1] - near[1]) * far;
    double weeks = rates.weeks()[at];
    MadeHour.Builder made = MadeHour.newBuilder()
        .setHour(hour + steps)
        .setMean(mean)
        .setVariance((a * mean + b * mean * mean) * (1 + 1 / weeks))
        .setWeeks(weeks)
        .setKnown(season.weeks[at] >= 1);
    Lists.put(inputs, made::addInputs);
    return made.build();
  }

  private static Insight.Ahead.Builder step(MadeHour made) {
    double[] within = Counts.interval(made.getMean(), made.getVariance());
    return Insight.Ahead.newBuilder()
        .setBeginUs(made.getHour() * HOUR_US)
        .setEndUs((made.getHour() + 1) * HOUR_US)
        .setValue(made.getMean())
        .setLow(within[0])
        .setHigh(within[1]);
  }

  /** Fits the weights of a group's cameras, of all their hours together. */
  static void fit(Collection<Forecasts> group, Training training) {
    for (int distance = 0; distance < 2; distance++) {
      List<double[]> rows = new ArrayList<>();
      List<Double> wanted = new ArrayList<>();
      Ahead.first(rows, wanted);
      for (Forecasts one : group) {
        one.ahead[distance].rows(rows, wanted);
      }
      // Nothing but what there is without any hour: the weights stay.
      if (rows.size() > Ahead.COUNT) {
        double[] weights = training.weights(rows, Lists.array(wanted));
        for (Forecasts one : group) {
          one.ahead[distance].weights = weights.clone();
        }
      }
    }
  }

  /** What is told when an hour has ended. */
  Insight insight(String camera, Ended ended) {
    long begin = hour * HOUR_US;
    Insight.Builder insight = Insight.newBuilder()
        .setId(Anomalies.id(camera, InsightKind.INSIGHT_KIND_FORECAST, begin, "entries"))
        .setCamera(camera)
        .setKind(InsightKind.INSIGHT_KIND_FORECAST)
        .setPhase(Phase.PHASE_END)
        .setBeginUs(begin)
        .setEndUs(begin + HOURS * HOUR_US)
        .setDimension("entries")
        .setText(words(ended))
        .addAllAhead(past)
        .setModelVersion(versions.isEmpty() ? 0 : versions.get(versions.size() - 1))
        .setTrainer(Cards.TRAINER);
    ended.next.forEach(made -> insight.addAhead(step(made)));
    return insight.build();
  }

  private String words(Ended ended) {
    Insight.Ahead.Builder first = step(ended.next.get(0));
    double day = ended.next.stream().mapToDouble(MadeHour::getMean).sum();
    String words = String.format(Locale.ROOT,
        "%.0f entries are expected in this hour, most likely %.0f to %.0f, and %.0f in 24 hours",
        first.getValue(), first.getLow(), first.getHigh(), day);
    Insight.Ahead last = past.peekLast();
    return last == null || last.getEndUs() != hour * HOUR_US ? words : words + String.format(Locale.ROOT,
        "; in the hour before %.0f came, %.0f were expected", last.getCame(), last.getValue());
  }

  /** Parameters of a card. */
  Forecaster record() {
    Forecaster.Builder to = Forecaster.newBuilder();
    for (int i = 0; i < ahead.length; i++) {
      String hours = i == 0 ? "@1h" : "@24h";
      Ahead.INPUTS.forEach(input -> to.addInputs(input + hours));
      Lists.put(ahead[i].weights, to::addWeights);
      to.addOff(measures.off(i));
    }
    Lists.put(season.rates(wide).rate(), to::addSeason);
    return to.build();
  }

  List<Measure> measures() {
    return measures.list();
  }

  ForecastState save() {
    ForecastState.Builder to = ForecastState.newBuilder()
        .setHour(hour)
        .setHourOfWeek(hourOfWeek)
        .setMinutes(minutes)
        .setEntries(entries)
        .setHours(hours)
        .setWide(wide)
        .addAllPast(past)
        .addAllVersions(versions);
    Lists.put(season.weeks, to::addSeason);
    Lists.put(season.entries, to::addSeason);
    Lists.put(week, to::addWeek);
    for (int i = 0; i < 2; i++) {
      Lists.put(levels[i], to::addLevels);
      to.addAhead(ahead[i].save());
    }
    for (double[] sums : measures.sums) {
      Lists.put(sums, to::addMeasures);
    }
    return to.build();
  }

  void load(ForecastState from) {
    if (from.getAheadCount() == 0) {
      return;
    }
    hour = from.getHour();
    hourOfWeek = from.getHourOfWeek();
    minutes = from.getMinutes();
    entries = from.getEntries();
    hours = from.getHours();
    wide = from.getWide();
    past.addAll(from.getPastList());
    versions.addAll(from.getVersionsList());
    List<double[]> both = Lists.rows(from.getSeasonList(), Season.WEEK);
    System.arraycopy(both.get(0), 0, season.weeks, 0, Season.WEEK);
    System.arraycopy(both.get(1), 0, season.entries, 0, Season.WEEK);
    Lists.get(from.getWeekList(), week);
    List<double[]> pairs = Lists.rows(from.getLevelsList(), 2);
    List<double[]> sums = Lists.rows(from.getMeasuresList(), 5);
    for (int i = 0; i < 2; i++) {
      levels[i] = pairs.get(i);
      ahead[i].load(from.getAhead(i));
    }
    for (int i = 0; i < 3; i++) {
      measures.sums[i] = sums.get(i);
    }
  }
}
