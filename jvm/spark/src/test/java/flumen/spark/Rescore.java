package flumen.spark;

import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.Mixture;
import flumen.v1.Flumen.ModelCard;
import flumen.v1.Flumen.Window;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Scores a file of windows by each card of another, as the job does: CARDS WINDOWS OUT, messages behind their
 * lengths. OUT holds the cards again, with these scores as golden vectors, 200 a copy; the tests of the scorer in
 * Rust compute them again.
 */
final class Rescore {
  private static final int A_CARD = 200;

  private Rescore() {}

  /** Scores. */
  public static void main(String[] args) throws IOException {
    List<ModelCard> cards = new ArrayList<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(args[0])))) {
      for (ModelCard card; (card = ModelCard.parseDelimitedFrom(in)) != null; ) {
        cards.add(card);
      }
    }
    List<Window> windows = new ArrayList<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(args[1])))) {
      for (Window window; (window = Window.parseDelimitedFrom(in)) != null; ) {
        windows.add(window);
      }
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(args[2])))) {
      for (ModelCard card : cards) {
        List<ModelCard.Golden> all = card.getScope().contains(":") ? ofWindows(card, windows) : ofMinutes(card, windows);
        for (int at = 0; at < all.size(); at += A_CARD) {
          List<ModelCard.Golden> some = all.subList(at, Math.min(all.size(), at + A_CARD));
          card.toBuilder().clearGolden().addAllGolden(some).build().writeDelimitedTo(out);
        }
      }
    }
  }

  private static List<ModelCard.Golden> ofWindows(ModelCard card, List<Window> windows) {
    Clusters clusters = new Clusters(Lists.rows(card.getClusters().getCentresList(), Features.COUNT), new double[0]);
    Gaussians mixture = card.hasMixture() ? mixture(card.getMixture()) : null;
    List<ModelCard.Golden> all = new ArrayList<>();
    for (Window window : windows) {
      for (ModelCard.Normal normal : card.getNormalsList()) {
        if (normal.getCamera().equals(window.getCamera()) && Features.isBusy(window)) {
          double[] z = Features.standardised(
              Features.of(window), Lists.array(normal.getMeanList()), Lists.array(normal.getDeviationList()));
          double score = mixture == null ? clusters.nearest(z) : mixture.density(z);
          all.add(ModelCard.Golden.newBuilder().setCamera(window.getCamera()).setWindow(window).addScores(score).build());
        }
      }
    }
    return all;
  }

  private static Gaussians mixture(Mixture from) {
    List<double[]> means = Lists.rows(from.getMeansList(), Features.COUNT);
    Gaussians it = Gaussians.unchecked(Lists.array(from.getWeightsList()), means, List.of());
    it.factors.addAll(Lists.rows(from.getFactorsList(), Features.COUNT * (Features.COUNT + 1) / 2));
    return it;
  }

  private static List<ModelCard.Golden> ofMinutes(ModelCard card, List<Window> windows) {
    SortedMap<Long, MinuteSoFar> minutes = new TreeMap<>();
    windows.stream().filter(w -> w.getCamera().equals(card.getScope())).forEach(w -> minutes
        .computeIfAbsent(MinuteSoFar.minuteOf(w), at -> new MinuteSoFar(card.getScope(), at)).add(w));
    Looks looks = new Looks();
    looks.load(flumen.spark.state.LooksState.newBuilder().setModel(card.getAppearance()).build());
    Profiles profile = Profiles.of(card.getProfile());
    List<ModelCard.Golden> all = new ArrayList<>();
    for (MinuteSoFar soFar : minutes.values()) {
      Minute minute = soFar.record();
      double[] scores = card.hasProfile() ? profile.scores(minute) : new double[] {looks.score(minute)};
      ModelCard.Golden.Builder golden = ModelCard.Golden.newBuilder().setCamera(card.getScope()).setMinute(minute);
      Lists.put(scores, golden::addScores);
      all.add(golden.build());
    }
    return all;
  }
}
