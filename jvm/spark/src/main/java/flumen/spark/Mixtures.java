package flumen.spark;

import flumen.spark.state.MixtureState;
import flumen.v1.Flumen.Mixture;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A group's usual movement as a mixture of Gaussians, fitted each day on a sample of its week. */
final class Mixtures {
  /** Steps of a fit, and windows that it needs. */
  private static final int STEPS = 10;
  private static final int ENOUGH = 256;
  /** Parts of an hour, and places of the sample. */
  private static final long PARTS = 8;
  private static final long PLACES = 168 * PARTS;

  /** Null before the first fit. */
  Gaussians model;
  final List<Long> versions = new ArrayList<>();
  private final TreeMap<Long, double[]> sample = new TreeMap<>();

  /** Keeps one window of a step: the middle one. */
  void sample(long minute, List<double[]> step) {
    if (!step.isEmpty()) {
      long place = minute / 60 * PARTS + minute % 60 * PARTS / 60;
      sample.put(place % PLACES, step.get(step.size() / 2));
    }
  }

  /** Fits anew, from the last fit or from the heaviest centres; true when there is a new model. */
  boolean fit(Clusters clusters, Training training) {
    if (sample.size() < ENOUGH || model == null && clusters == null) {
      return false;
    }
    Gaussians fitted = model != null ? model : Gaussians.first(clusters);
    List<double[]> rows = List.copyOf(sample.values());
    for (int i = 0; i < STEPS && fitted != null; i++) {
      fitted = training.mix(fitted, rows).floored();
    }
    model = fitted != null ? fitted : model;
    return fitted != null;
  }

  Mixture record() {
    Mixture.Builder to = Mixture.newBuilder();
    Lists.put(model.weights, to::addWeights);
    model.means.forEach(m -> Lists.put(m, to::addMeans));
    model.factors.forEach(f -> Lists.put(f, to::addFactors));
    return to.build();
  }

  MixtureState save() {
    MixtureState.Builder to = MixtureState.newBuilder().addAllPlaces(sample.keySet()).addAllVersions(versions);
    sample.values().forEach(z -> Lists.put(z, to::addSample));
    if (model != null) {
      Lists.put(model.weights, to::addWeights);
      model.means.forEach(m -> Lists.put(m, to::addMeans));
      model.covariances.forEach(c -> Lists.put(c, to::addCovariances));
    }
    return to.build();
  }

  static Mixtures load(MixtureState from) {
    Mixtures it = new Mixtures();
    it.versions.addAll(from.getVersionsList());
    List<double[]> rows = Lists.rows(from.getSampleList(), Features.COUNT);
    for (int i = 0; i < rows.size(); i++) {
      it.sample.put(from.getPlaces(i), rows.get(i));
    }
    if (from.getWeightsCount() > 0) {
      it.model = Gaussians.of(
          Lists.array(from.getWeightsList()),
          Lists.rows(from.getMeansList(), Features.COUNT),
          Lists.rows(from.getCovariancesList(), Features.COUNT * Features.COUNT));
    }
    return it;
  }
}
