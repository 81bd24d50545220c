package flumen.spark;

import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Profile;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/** How rare a minute is by time, place, way, number and stay (docs/ref/models.md, `profile`). */
final class Profiles {
  static final List<String> DIMENSIONS = List.of("time", "place", "way", "crowd", "dwell");

  private static final int ROWS = 6;
  private static final int COLUMNS = 8;
  private static final int HEADINGS = 8;
  private static final int CROWD_BINS = 8;
  private static final int DWELL_BINS = 12;
  private static final int[] CROWD_MOST = {0, 1, 2, 3, 5, 8, 15};
  private static final int ACTIVE = 5;
  private static final int USED = 2;
  private static final double BORROWED = 15;
  /** Minutes for which what is usual on all days speaks for days of a sort. */
  private static final double SORT_BORROWED = 5;
  /** The first hour of Saturday. */
  private static final int WEEKEND = 120;
  private static final double CROWD_BORROWED = 300;
  /** Minutes of an hour on days of the same sort before which numbers are not judged. */
  private static final double KNOWN = 50;
  private static final double LEAST_WAYS = 30;

  private final double[] hourSeen = new double[168];
  private final double[] hourActive = new double[168];
  private final double[] cells = new double[ROWS * COLUMNS];
  private final double[] ways = new double[96];
  private final double[] crowds = new double[24 * CROWD_BINS];
  private final double[] dwells = new double[DWELL_BINS];

  static Profiles of(Profile from) {
    Profiles p = new Profiles();
    if (from.getHourSeenCount() == 0) {
      return p;
    }
    Lists.get(from.getHourSeenList(), p.hourSeen);
    Lists.get(from.getHourActiveList(), p.hourActive);
    Lists.get(from.getCellsList(), p.cells);
    Lists.get(from.getWaysList(), p.ways);
    Lists.get(from.getCrowdsList(), p.crowds);
    Lists.get(from.getDwellsList(), p.dwells);
    return p;
  }

  Profile record() {
    Profile.Builder to = Profile.newBuilder();
    Lists.put(hourSeen, to::addHourSeen);
    Lists.put(hourActive, to::addHourActive);
    Lists.put(cells, to::addCells);
    Lists.put(ways, to::addWays);
    Lists.put(crowds, to::addCrowds);
    Lists.put(dwells, to::addDwells);
    return to.build();
  }

  static boolean isActive(Minute minute) {
    return minute.getBusy() >= ACTIVE;
  }

  void learn(Minute minute) {
    int hour = minute.getHourOfWeek();
    hourSeen[hour]++;
    crowds[hour % 24 * CROWD_BINS + crowdBin(minute.getThings())]++;
    if (!isActive(minute)) {
      return;
    }
    hourActive[hour]++;
    dwells[dwellBin(minute.getDwellS())]++;
    for (int i = 0; i < minute.getCellsCount(); i++) {
      cells[i] += minute.getCells(i) >= USED ? 1 : 0;
    }
    for (int i = 0; i < minute.getWaysCount(); i++) {
      ways[i] += minute.getWays(i) >= 1 ? 1 : 0;
    }
  }

  void fade(double by) {
    for (double[] counts : List.of(hourSeen, hourActive, cells, ways, crowds, dwells)) {
      for (int i = 0; i < counts.length; i++) {
        counts[i] *= by;
      }
    }
  }

  /** Scores in the order of DIMENSIONS. */
  double[] scores(Minute minute) {
    double crowd = crowd(minute);
    if (!isActive(minute)) {
      return new double[] {0, 0, 0, crowd, 0};
    }
    double time = 1 / activeShare(minute.getHourOfWeek());
    double place = greatest(minute.getCellsList(), this::place);
    List<Integer> taken = minute.getWaysList();
    double way = Math.max(greatest(taken, this::way), second(taken, this::way));
    return new double[] {time, place, way, crowd, dwell(minute)};
  }

  /** Share of the minutes of an hour of the week that are active. */
  double activeShare(int hour) {
    double usual = (around(hourActive, hour, 0, 7) + 0.5) / (around(hourSeen, hour, 0, 7) + 60);
    int from = hour < WEEKEND ? 0 : 5;
    int to = hour < WEEKEND ? 5 : 7;
    double alike = (around(hourActive, hour, from, to) + SORT_BORROWED * usual)
        / (around(hourSeen, hour, from, to) + SORT_BORROWED);
    return (hourActive[hour] + BORROWED * alike) / (hourSeen[hour] + BORROWED);
  }

  /** The same as far as working days, or weekends, have shown it. */
  double expectedShare(int hour) {
    double seen = daysAlike(hour);
    return activeShare(hour) * (seen / (seen + 60));
  }

  /** Minutes seen at an hour on days of the same sort: working days, or weekends. */
  private double daysAlike(int hour) {
    return days(hourSeen, hour % 24, hour < WEEKEND ? 0 : 5, hour < WEEKEND ? 5 : 7);
  }

  /** Counts at an hour on some days, with a quarter of the hours beside. */
  private static double around(double[] counts, int hour, int from, int to) {
    int g = hour % 24;
    double beside = days(counts, (g + 23) % 24, from, to) + days(counts, (g + 1) % 24, from, to);
    return days(counts, g, from, to) + beside / 4;
  }

  private static double days(double[] counts, int g, int from, int to) {
    double sum = 0;
    for (int day = from; day < to; day++) {
      sum += counts[day * 24 + g];
    }
    return sum;
  }

  private double place(int at) {
    int row = at / COLUMNS;
    int column = at % COLUMNS;
    double near = cell(row, column - 1) + cell(row, column + 1)
        + cell(row - 1, column) + cell(row + 1, column);
    return (sum(hourActive, 0) + 1) / (cell(row, column) + near / 4 + 0.5);
  }

  private double cell(int row, int column) {
    boolean inside = row >= 0 && row < ROWS && column >= 0 && column < COLUMNS;
    return inside ? cells[row * COLUMNS + column] : 0;
  }

  private double way(int at) {
    int first = at / HEADINGS * HEADINGS;
    int heading = at % HEADINGS;
    double all = 0;
    for (int k = 0; k < HEADINGS; k++) {
      all += ways[first + k];
    }
    if (all < LEAST_WAYS) {
      return 0;
    }
    double left = ways[first + (heading + HEADINGS - 1) % HEADINGS];
    double right = ways[first + (heading + 1) % HEADINGS];
    return (all + 8) / (ways[at] + (left + right) / 2 + 1);
  }

  private double crowd(Minute minute) {
    if (minute.getThings() < 2 || daysAlike(minute.getHourOfWeek()) < KNOWN) {
      return 0;
    }
    int bin = crowdBin(minute.getThings());
    int g = minute.getHourOfWeek() % 24;
    int[] near = {(g + 23) % 24, g, (g + 1) % 24};
    int[] day = new int[24];
    for (int h = 0; h < day.length; h++) {
      day[h] = h;
    }
    double usual = (crowdsOf(day, bin) + 0.5) / (crowdsOf(day, 0) + 1);
    return (crowdsOf(near, 0) + CROWD_BORROWED) / (crowdsOf(near, bin) + CROWD_BORROWED * usual);
  }

  private double crowdsOf(int[] hours, int from) {
    double sum = 0;
    for (int hour : hours) {
      for (int bin = from; bin < CROWD_BINS; bin++) {
        sum += crowds[hour * CROWD_BINS + bin];
      }
    }
    return sum;
  }

  private double dwell(Minute minute) {
    return (sum(dwells, 0) + 1) / (sum(dwells, dwellBin(minute.getDwellS())) + 0.5);
  }

  private static double sum(double[] counts, int from) {
    double sum = 0;
    for (int i = from; i < counts.length; i++) {
      sum += counts[i];
    }
    return sum;
  }

  /** The second rarest place, each by the rarest of its ways that was taken at all. */
  private static double second(List<Integer> ways, IntToDoubleFunction rarity) {
    double best = 0;
    double next = 0;
    for (int first = 0; first < ways.size(); first += HEADINGS) {
      double here = 0;
      for (int at = first; at < Math.min(ways.size(), first + HEADINGS); at++) {
        here = ways.get(at) > 0 ? Math.max(here, rarity.applyAsDouble(at)) : here;
      }
      next = Math.max(next, Math.min(best, here));
      best = Math.max(best, here);
    }
    return next;
  }

  /** The rarest of what was used. */
  private static double greatest(List<Integer> used, IntToDoubleFunction rarity) {
    double best = 0;
    for (int at = 0; at < used.size(); at++) {
      best = used.get(at) >= USED ? Math.max(best, rarity.applyAsDouble(at)) : best;
    }
    return best;
  }

  private static int crowdBin(int things) {
    int bin = 0;
    while (bin < CROWD_MOST.length && things > CROWD_MOST[bin]) {
      bin++;
    }
    return bin;
  }

  private static int dwellBin(double seconds) {
    int bin = 0;
    while (bin < DWELL_BINS - 1 && seconds >= 5.0 * (1 << bin)) {
      bin++;
    }
    return bin;
  }
}
