package flumen.spark;

import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Profile;
import java.util.ArrayList;
import java.util.List;

/** Teaches a profile that a minute is usual, in one dimension alone. */
final class Lessons {
  /** Times that a minute is taught at most. */
  private static final int MOST = 500;

  private Lessons() {}

  /** The profile in which the minute's score is as low as this, at its hour on every day; null when that can't be. */
  static Profiles teach(Profiles profile, Minute minute, int dimension, double until) {
    if (dimension >= Profiles.DIMENSIONS.size()) {
      return null;
    }
    Profiles taught = profile;
    for (int day = 0; day < (dimension == 0 ? 7 : 1) && taught != null; day++) {
      int hour = (minute.getHourOfWeek() + 24 * day) % 168;
      taught = once(taught, minute.toBuilder().setHourOfWeek(hour).build(), dimension, until);
    }
    return taught;
  }

  private static Profiles once(Profiles profile, Minute minute, int dimension, double until) {
    Profiles alone = new Profiles();
    alone.learn(minute);
    Profile one = alone.record();
    Profile.Builder record = profile.record().toBuilder();
    for (int i = 0; i < MOST; i++) {
      Profiles taught = Profiles.of(record.build());
      if (taught.scores(minute)[dimension] <= until) {
        return taught;
      }
      add(record, one, dimension);
    }
    return null;
  }

  /** Adds the counts that a dimension is scored by. */
  private static void add(Profile.Builder to, Profile one, int dimension) {
    switch (dimension) {
      case 0 -> {
        List<Double> seen = sum(to.getHourSeenList(), one.getHourSeenList());
        List<Double> active = sum(to.getHourActiveList(), one.getHourActiveList());
        to.clearHourSeen().addAllHourSeen(seen).clearHourActive().addAllHourActive(active);
      }
      case 1 -> {
        List<Double> cells = sum(to.getCellsList(), one.getCellsList());
        to.clearCells().addAllCells(cells);
      }
      case 2 -> {
        List<Double> ways = sum(to.getWaysList(), one.getWaysList());
        to.clearWays().addAllWays(ways);
      }
      case 3 -> {
        List<Double> crowds = sum(to.getCrowdsList(), one.getCrowdsList());
        to.clearCrowds().addAllCrowds(crowds);
      }
      default -> {
        List<Double> dwells = sum(to.getDwellsList(), one.getDwellsList());
        to.clearDwells().addAllDwells(dwells);
      }
    }
  }

  private static List<Double> sum(List<Double> a, List<Double> b) {
    List<Double> sum = new ArrayList<>(a.size());
    for (int i = 0; i < a.size(); i++) {
      sum.add(a.get(i) + b.get(i));
    }
    return sum;
  }
}
