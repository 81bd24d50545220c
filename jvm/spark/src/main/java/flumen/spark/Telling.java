package flumen.spark;

import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Oddity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What is odd in a minute, for a person: what was seen, what was expected. */
final class Telling {
  private Telling() {}

  static List<Oddity> of(
      CameraLearning camera, GroupLearning group, Minute minute, double[] scores, double[] thresholds) {
    List<Oddity> odd = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      if (thresholds[i] > 0 && scores[i] > thresholds[i]) {
        odd.add(one(camera, group, minute, i, scores[i], thresholds[i]).setThreshold(thresholds[i]).build());
      }
    }
    return odd;
  }

  private static Oddity.Builder one(
      CameraLearning camera, GroupLearning group, Minute minute, int dimension, double score, double threshold) {
    double usual = camera.profile.activeShare(minute.getHourOfWeek());
    String rare = String.format(Locale.ROOT, "once in %.0f active minutes here", score);
    double seen = minute.getBusy();
    double expected = score > 0 ? 1 / score : 0;
    String text;
    switch (CameraLearning.DIMENSIONS.get(dimension)) {
      case "time" -> {
        expected = usual;
        text = String.format(Locale.ROOT,
            "something in sight; at this hour that is so in %.2f %% of the minutes", 100 * usual);
      }
      case "place" -> text = "movement in a part of the picture where it is seen " + rare;
      case "way" -> text = "a way through the picture that is taken " + rare;
      case "crowd" -> {
        seen = minute.getThings();
        text = String.format(Locale.ROOT,
            "%d things at once; so many are seen once in %.0f minutes at this time", minute.getThings(), score);
      }
      case "dwell" -> {
        seen = minute.getDwellS();
        text = String.format(Locale.ROOT, "something stays for %.0f s; so long is seen ", seen) + rare;
      }
      case "absence" -> {
        expected = score;
        text = String.format(Locale.ROOT,
            "nothing in sight, for as long as usually has %.1f active minutes", score);
      }
      case "look" -> {
        seen = score;
        expected = threshold;
        text = "the view looks different from all usual ones";
      }
      default -> text = "things move otherwise than what is usual here";
    }
    String kind = switch (dimension) {
      case CameraLearning.CLUSTER -> "kmeans";
      case CameraLearning.DENSITY -> "gaussian-mixture";
      case CameraLearning.LOOK -> "appearance";
      default -> "profile";
    };
    List<Long> versions = switch (dimension) {
      case CameraLearning.CLUSTER -> group.versions;
      case CameraLearning.DENSITY -> group.mixtures.versions;
      case CameraLearning.LOOK -> camera.looks.versions;
      default -> camera.versions;
    };
    return Oddity.newBuilder()
        .setDimension(CameraLearning.DIMENSIONS.get(dimension))
        .setSeen(seen)
        .setExpected(expected)
        .setScore(score)
        .setText(text)
        .setKind(kind)
        .setVersion(versions.isEmpty() ? 0 : versions.get(versions.size() - 1));
  }
}
