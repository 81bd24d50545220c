package flumen.spark;

import com.google.protobuf.ByteString;
import flumen.spark.state.VerdictState;
import flumen.v1.Flumen.Feedback;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What people said of one camera's anomalies, and what is learned from it (docs/ref/models.md).
 *
 * <p>Invariants: a verdict counts once; what a person calls usual is not told again for the same
 * minutes.
 */
final class Verdicts {
  private static final long MINUTE_US = 60_000_000;
  /** Odd minutes that a verdict can speak of, verdicts that wait for theirs, verdicts known. */
  private static final int MINUTES = 64;
  private static final int WAITING = 16;
  private static final int KNOWN = 256;
  /** A score that is usual is this far below the floor of its dimension. */
  private static final double ABOVE = 1.5;

  private record OddMinute(Minute minute, double[] scores) {}

  private record Name(ByteString id, long atUs) {}

  /** Below these nothing is odd: 0 where no verdict says so. */
  private final double[] floors = new double[CameraLearning.LEAST.length];
  private final Deque<OddMinute> minutes = new ArrayDeque<>();
  private final Deque<Feedback> waiting = new ArrayDeque<>();
  private final Deque<Name> known = new ArrayDeque<>();
  /** Anomalies that people called usual, and right. */
  long normal;
  long anomaly;

  double floor(int dimension) {
    return floors[dimension];
  }

  void fade(double by) {
    for (int i = 0; i < floors.length; i++) {
      floors[i] *= by;
    }
  }

  /** Keeps a minute that was odd; a score is 0 where it was not. */
  void odd(Minute minute, double[] scores) {
    keep(minutes, new OddMinute(minute.toBuilder().clearLook().build(), scores), MINUTES);
  }

  /** Takes a verdict; one that is known changes nothing. */
  void take(Feedback verdict) {
    Name name = new Name(verdict.getId(), verdict.getAtUs());
    if (!known.contains(name)) {
      keep(known, name, KNOWN);
      keep(waiting, verdict, WAITING);
    }
  }

  /** The profile after verdicts on minutes up to this one; null when there are none. */
  Profiles learn(long newest, Profiles profile) {
    List<Feedback> due = new ArrayList<>(waiting);
    due.removeIf(v -> v.getEndUs() > (newest + 1) * MINUTE_US);
    waiting.removeAll(due);
    Profiles taught = profile;
    for (Feedback verdict : due) {
      if (verdict.getVerdict() == Verdict.VERDICT_NORMAL) {
        taught = usual(verdict, taught);
      } else if (verdict.getVerdict() == Verdict.VERDICT_ANOMALY) {
        anomaly++;
      }
    }
    return due.isEmpty() ? null : taught;
  }

  /** Teaches that the minutes of a verdict are usual. */
  private Profiles usual(Feedback verdict, Profiles profile) {
    Profiles taught = profile;
    normal++;
    for (OddMinute odd : minutes) {
      long begin = odd.minute.getMinute() * MINUTE_US;
      long end = Math.max(verdict.getEndUs(), verdict.getBeginUs() + 1);
      if (begin >= end || begin + MINUTE_US <= verdict.getBeginUs()) {
        continue;
      }
      for (int i = 0; i < floors.length; i++) {
        boolean named = verdict.getDimensionsCount() == 0
            || verdict.getDimensionsList().contains(CameraLearning.DIMENSIONS.get(i));
        if (odd.scores[i] > 0 && named) {
          Profiles better = Lessons.teach(taught, odd.minute, i, CameraLearning.LEAST[i] / 2);
          floors[i] = better == null ? Math.max(floors[i], ABOVE * odd.scores[i]) : floors[i];
          taught = better == null ? taught : better;
        }
      }
    }
    return taught;
  }

  private static <T> void keep(Deque<T> list, T one, int most) {
    if (list.size() == most) {
      list.removeFirst();
    }
    list.addLast(one);
  }

  VerdictState save() {
    VerdictState.Builder to = VerdictState.newBuilder()
        .setNormal(normal)
        .setAnomaly(anomaly)
        .addAllWaiting(waiting);
    Lists.put(floors, to::addFloors);
    for (OddMinute odd : minutes) {
      to.addMinutes(odd.minute);
      Lists.put(odd.scores, to::addScores);
    }
    for (Name name : known) {
      to.addIds(name.id).addAtUs(name.atUs);
    }
    return to.build();
  }

  void load(VerdictState from) {
    if (from.getFloorsCount() == 0) {
      return;
    }
    Lists.get(from.getFloorsList(), floors);
    normal = from.getNormal();
    anomaly = from.getAnomaly();
    waiting.addAll(from.getWaitingList());
    List<double[]> scores = Lists.rows(from.getScoresList(), floors.length);
    for (int i = 0; i < scores.size(); i++) {
      minutes.add(new OddMinute(from.getMinutes(i), scores.get(i)));
    }
    for (int i = 0; i < from.getIdsCount(); i++) {
      known.add(new Name(from.getIds(i), from.getAtUs(i)));
    }
  }
}
