package flumen.spark;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.spark.state.LearnState;
import flumen.spark.state.Outgoing;
import flumen.v1.Flumen.Feedback;
import flumen.v1.Flumen.Window;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One micro-batch: learn, keep, publish, save for other programs, in this order.
 *
 * <p>Invariants: a batch that was kept is not learned again, only published again; a batch whose
 * state before is missing is refused, never begun from nothing.
 */
final class Batches {
  private static final Logger LOG = LoggerFactory.getLogger(Batches.class);

  /** A record as it stands in its partition. */
  record Taken(int partition, long offset, byte[] value) {}

  /** Names the checkpoint; it has a name once its first batch is planned. */
  interface Checkpoint {
    String id() throws IOException;
  }

  /** Where a run may be ended, in a test. */
  interface Halt {
    void at(String place, long batch);
  }

  private final StateStore store;
  private final Publisher publisher;
  private final Consumer<List<Outgoing>> saved;
  private final Training training;
  private final Settings settings;
  private final Checkpoint checkpoint;
  private final Halt halt;
  private final Supplier<List<Feedback>> verdicts;
  private LearnState last;

  Batches(StateStore store, Publisher publisher, Consumer<List<Outgoing>> saved, Training training, Settings settings,
      Checkpoint checkpoint, Halt halt, Supplier<List<Feedback>> verdicts) {
    this.store = store;
    this.publisher = publisher;
    this.saved = saved;
    this.training = training;
    this.settings = settings;
    this.checkpoint = checkpoint;
    this.halt = halt;
    this.verdicts = verdicts;
  }

  void run(long batch, List<Taken> records) throws IOException {
    Optional<LearnState> kept = store.read(batch);
    long began = System.nanoTime();
    LearnState state;
    if (kept.isPresent()) {
      state = own(kept.get());
      LOG.info("batch {}: kept before, publishing it again", batch);
    } else {
      state = learn(batch, records);
      halt.at("trained", batch);
      store.write(batch, state);
    }
    halt.at("kept", batch);
    long keptAt = System.nanoTime();
    publisher.publish(state.getOutboxList());
    halt.at("published", batch);
    LOG.info("batch {}: {} records, {} steps in all, {} cameras; learned and kept in {} ms ({} KB of state), {} records published in {} ms",
        batch, records.size(), state.getSteps(), state.getCamerasCount(), (keptAt - began) / 1_000_000,
        state.getSerializedSize() >> 10, state.getOutboxCount(), (System.nanoTime() - keptAt) / 1_000_000);
    last = state;
    saved.accept(state.getOutboxList());
  }

  private LearnState learn(long batch, List<Taken> records) throws IOException {
    Trainer trainer = before(batch);
    records.stream()
        .sorted(Comparator.comparingInt(Taken::partition).thenComparingLong(Taken::offset))
        .forEach(r -> take(trainer, r));
    verdicts.get().forEach(trainer::take);
    trainer.steps();
    return trainer.save(batch, checkpoint.id());
  }

  private Trainer before(long batch) throws IOException {
    if (batch == 0) {
      if (store.newest() >= 0) {
        throw new IllegalStateException("there is state of another checkpoint beside this new one:"
            + " they are kept and restored together; begin anew with another --dir");
      }
      return new Trainer(settings, training);
    }
    boolean known = last != null && last.getBatch() == batch - 1;
    LearnState state = known ? last : own(store.read(batch - 1).orElseThrow(() -> missing(batch - 1)));
    return Trainer.load(state, settings, training);
  }

  private static IllegalStateException missing(long batch) {
    return new IllegalStateException("the state after batch " + batch + " is missing beside the checkpoint:"
        + " restore both from a backup, or begin anew with another --dir");
  }

  private LearnState own(LearnState state) throws IOException {
    if (!state.getCheckpoint().equals(checkpoint.id())) {
      throw new IllegalStateException("the state of batch " + state.getBatch()
          + " belongs to another checkpoint: they are kept and restored together");
    }
    return state;
  }

  private void take(Trainer trainer, Taken record) {
    try {
      trainer.take(record.partition(), Window.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      LOG.warn("partition {}, offset {}: no window, passed over: {}", record.partition(), record.offset(), e.getMessage());
    }
  }
}
