package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.spark.state.LearnState;
import flumen.spark.state.Outgoing;
import flumen.v1.Flumen.Feedback;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.InsightKind;
import flumen.v1.Flumen.ModelCard;
import flumen.v1.Flumen.Phase;
import flumen.v1.Flumen.Verdict;
import flumen.v1.Flumen.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TrainerTest {
  private static final Settings SETTINGS =
      Settings.parse(new String[] {"--brokers", "none", "--dir", "none", "--name", "test"});
  private static final long DAY = 86_400;

  private static Trainer trainer() {
    return new Trainer(SETTINGS, new PlainTraining());
  }

  private static LearnState state(Trainer trainer) {
    return trainer.save(0, "checkpoint");
  }

  /** What is learned, without where it was read and what goes out. */
  private static LearnState learned(Trainer trainer) {
    return state(trainer).toBuilder().clearOutbox().clearPartitions().build();
  }

  /** The anomalies that go out. */
  private static List<Insight> insights(Trainer trainer) throws InvalidProtocolBufferException {
    List<Insight> all = new ArrayList<>();
    for (Outgoing out : state(trainer).getOutboxList()) {
      if (out.getTopic().equals(Trainer.INSIGHTS)) {
        Insight insight = Insight.parseFrom(out.getValue());
        if (insight.getKind() == InsightKind.INSIGHT_KIND_ANOMALY) {
          all.add(insight);
        }
      }
    }
    return all;
  }

  @Test
  void batchesMayBeginAnywhereAndPartitionsBeReadInAnyOrder() throws Exception {
    Trainer whole = trainer();
    for (long s = 8 * 3600; s < 9 * 3600; s++) {
      whole.take(0, Made.usual("a", s));
      whole.take(1, Made.usual("b", s));
    }
    whole.steps();
    Random random = new Random(7);
    Trainer cut = trainer();
    long[] at = {8 * 3600, 8 * 3600};
    while (at[0] < 9 * 3600 || at[1] < 9 * 3600) {
      for (int partition = 0; partition < 2; partition++) {
        // Neither partition gets further ahead than ten minutes of idleness would allow.
        long until = Math.min(9 * 3600, Math.min(at[0], at[1]) + random.nextInt(300) + 1);
        for (; at[partition] < until; at[partition]++) {
          cut.take(partition, Made.usual(partition == 0 ? "a" : "b", at[partition]));
        }
      }
      cut.steps();
      cut = Trainer.load(LearnState.parseFrom(state(cut).toByteArray()), SETTINGS, new PlainTraining());
    }
    assertEquals(learned(whole), learned(cut));
    assertEquals(59, state(whole).getSteps(), "an hour without the minute that may still grow");
  }

  @Test
  void repeatsAreTakenOnce() {
    Trainer once = trainer();
    Trainer twice = trainer();
    for (long s = 8 * 3600; s < 8 * 3600 + 600; s++) {
      once.take(0, Made.usual("a", s));
      twice.take(0, Made.usual("a", s));
      twice.take(0, Made.usual("a", s - s % 7));
    }
    once.steps();
    twice.steps();
    assertEquals(600, state(twice).getRepeats());
    assertEquals(learned(once), learned(twice).toBuilder().clearRepeats().build());
  }

  @Test
  void aWindowThatIsFarBehindItsPartitionIsLate() {
    Trainer trainer = trainer();
    for (long s = 8 * 3600; s < 8 * 3600 + 300; s++) {
      trainer.take(0, Made.usual("a", s));
    }
    trainer.take(0, Made.usual("b", 8 * 3600 + 60));
    trainer.steps();
    assertEquals(1, state(trainer).getLate());
  }

  @Test
  void aNightVisitIsAnAnomalyThatBeginsAndEndsOnce() throws Exception {
    Trainer trainer = trainer();
    for (long s = 0; s < 4 * DAY; s++) {
      boolean odd = s >= 3 * DAY + 3 * 3600 && s < 3 * DAY + 3 * 3600 + 120;
      trainer.take(0, odd ? Made.busy("a", s, 0.5, true) : Made.usual("a", s));
      if (s % 3600 == 0) {
        trainer.steps();
      }
    }
    trainer.steps();
    List<Insight> told = insights(trainer).stream().filter(i -> i.getDimension().equals("time")).toList();
    assertEquals(List.of(Phase.PHASE_BEGIN, Phase.PHASE_END), told.stream().map(Insight::getPhase).toList());
    assertEquals((Made.BEGIN_S + 3 * DAY + 3 * 3600) * 1_000_000, told.get(0).getBeginUs());
    assertEquals(told.get(0).getId(), told.get(1).getId());
    assertTrue(told.get(0).getOddities(0).getText().contains("at this hour"), told.get(0).toString());
  }

  /** Night visits of two days; what is said of the first one; what is told. */
  private static List<Insight> nights(Verdict verdict) throws Exception {
    Trainer trainer = trainer();
    List<Insight> all = new ArrayList<>();
    for (long s = 0; s < 5 * DAY; s++) {
      boolean odd = s >= 3 * DAY && s % DAY >= 3 * 3600 && s % DAY < 3 * 3600 + 120;
      trainer.take(0, odd ? Made.busy("a", s, 0.5, true) : Made.usual("a", s));
      if (s == 3 * DAY + 4 * 3600 + 1 && verdict != null) {
        Insight told = all.get(0);
        Feedback said = Feedback.newBuilder()
            .setId(told.getId())
            .setCamera("a")
            .setVerdict(verdict)
            .setBeginUs(told.getBeginUs())
            .setEndUs(told.getBeginUs() + 120_000_000)
            .setAtUs(1)
            .build();
        trainer.take(said);
        trainer.take(said);
      }
      if (s % 3600 == 0) {
        trainer.steps();
        all.addAll(insights(trainer));
        trainer = Trainer.load(state(trainer), SETTINGS, new PlainTraining());
      }
    }
    return all.stream()
        .filter(i -> i.getPhase() == Phase.PHASE_BEGIN && i.getDimension().equals("time"))
        .toList();
  }

  @Test
  void whatAPersonCallsUsualIsNotToldAgain() throws Exception {
    assertEquals(2, nights(null).size());
    assertEquals(2, nights(Verdict.VERDICT_ANOMALY).size());
    List<Insight> told = nights(Verdict.VERDICT_NORMAL);
    assertEquals(1, told.size(), told.toString());
  }

  @Test
  void cardsBearScoresOfTheirOwnParameters() throws Exception {
    Trainer trainer = trainer();
    for (long s = 8 * 3600; s < 9 * 3600; s++) {
      trainer.take(0, Made.usual("a", s));
    }
    trainer.steps();
    TreeMap<String, ModelCard> newest = new TreeMap<>();
    for (Outgoing out : state(trainer).getOutboxList()) {
      if (out.getTopic().equals(Trainer.MODELS) && !out.getGone()) {
        ModelCard card = ModelCard.parseFrom(out.getValue());
        newest.put(card.getScope() + "/" + card.getKind(), card);
      }
    }
    assertEquals(List.of("a/profile", "group:site/kmeans"), List.copyOf(newest.keySet()));
    newest.values().forEach(card -> assertTrue(card.getGoldenCount() >= 8, card.getScope()));
    long gone = state(trainer).getOutboxList().stream().filter(Outgoing::getGone).count();
    assertTrue(gone > 0, "old versions end");
  }

  @Test
  void windowsOutOfTheRangeOnlyMoveTime() {
    Settings range = Settings.parse(new String[] {
        "--brokers", "none", "--dir", "none", "--from", "2026-01-05T08:10:00Z", "--to", "2026-01-05T08:20:00Z"});
    Trainer trainer = new Trainer(range, new PlainTraining());
    for (long s = 8 * 3600; s < 9 * 3600; s++) {
      trainer.take(0, Made.usual("a", s));
    }
    trainer.steps();
    assertEquals(10, state(trainer).getSteps());
    assertEquals(10, state(trainer).getCameras(0).getMinutes());
  }

  @Test
  void windowsAreOfTheirOwnCamera() {
    Window of = Made.usual("a", 0);
    assertEquals("site", Groups.of(of));
    assertEquals("yard", Groups.of(of.toBuilder().setGroup("yard").build()));
  }
}
