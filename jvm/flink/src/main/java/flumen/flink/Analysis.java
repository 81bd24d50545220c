package flumen.flink;

import flumen.bridge.BridgeException;
import flumen.bridge.Output;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Packets keyed by camera and broadcast cards and models in, results out; one session a camera.
 *
 * <p>A custom operator and no KeyedProcessFunction with CheckpointedFunction: there every write of keyed
 * state in snapshotState lands on the key that was processed last, and the checkpoint reports success.
 */
final class Analysis extends AbstractStreamOperator<Result> implements TwoInputStreamOperator<Packet, Card, Result> {
  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(Analysis.class);

  /** Checkpoints without a packet after which a camera leaves memory; its state stays. */
  static final int IDLE_CHECKPOINTS = 30;

  private final Engine engine;
  private final Cards cards;
  private transient Map<String, Live> live;
  private transient Map<String, Card> newest;
  private transient Engine.Models models;
  /** What is to be told of models that are refused. */
  private transient List<Result> refused;
  private transient ValueState<byte[]> state;
  private transient Measures measures;
  private transient Complaints complaints;

  Analysis(Engine engine, Cards cards) {
    this.engine = engine;
    this.cards = cards;
  }

  private static final class Live {
    final Engine.Session session;
    final Measures.OfCamera measures;
    boolean dirty;
    int idle;
    /** The problem that was logged last; none before the first packet. */
    String told;

    Live(Engine.Session session, Measures.OfCamera measures) {
      this.session = session;
      this.measures = measures;
    }
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    state = context.getKeyedStateStore()
        .getState(new ValueStateDescriptor<>("session", BytePrimitiveArraySerializer.INSTANCE));
  }

  @Override
  public void open() throws Exception {
    super.open();
    live = new HashMap<>();
    complaints = new Complaints();
    measures = new Measures(getMetricGroup());
    // Nothing is analysed before the cards are known to the topic's end.
    newest = new HashMap<>();
    refused = new ArrayList<>();
    models = engine.models();
    for (Card card : cards.read()) {
      if (card.model()) {
        learn(card);
      } else {
        newest.put(card.camera(), card);
      }
    }
    LOG.info("{} cameras known", newest.size());
  }

  @Override
  public void processElement1(StreamRecord<Packet> element) throws Exception {
    tellRefused();
    Packet packet = element.getValue();
    Live camera = live.get(packet.camera());
    if (camera == null) {
      camera = begin(packet.camera());
      if (camera == null) {
        stray(packet);
        return;
      }
    }
    camera.dirty = true;
    camera.idle = 0;
    long begun = System.nanoTime();
    try {
      send(packet, camera.session.process(packet.partition(), packet.offset(), packet.header(), packet.value()));
      if (camera.told == null) {
        tell(packet.camera(), camera); // its state was read for this packet
      }
    } catch (BridgeException e) {
      // An error of ours, not of the data: this camera begins anew, the others go on.
      measures.failure();
      complaints.say(packet.camera() + ": its session failed at partition " + packet.partition() + " offset "
          + packet.offset() + " and begins anew", e);
      forget(packet.camera());
      state.clear();
    }
    measures.in(camera.measures, packet.timestampMs(), System.nanoTime() - begun);
  }

  /**
   * Results bear the time of their packet's record, which the broker has taken once. The analyzer's own is the same,
   * unless a damaged header says a time that the broker would refuse, for ever.
   */
  private void send(Packet packet, List<Output> outputs) {
    long time = Math.max(packet.timestampMs(), 0);
    for (Output out : outputs) {
      output.collect(new StreamRecord<>(new Result(out.topic(), out.key(), time, out.value())));
      measures.out();
    }
  }

  /** Logs what a session says of itself, when it is new. */
  private void tell(String id, Live camera) {
    String problem = camera.session.problem();
    if (!problem.equals(camera.told == null ? "" : camera.told)) {
      LOG.warn("{}: {}", id, problem.isEmpty() ? "all is well again" : problem);
    }
    camera.told = problem;
  }

  private void stray(Packet packet) {
    try {
      send(packet, engine.stray(packet));
    } catch (BridgeException e) {
      measures.failure();
      complaints.say("'" + packet.camera() + "': its packet is left out", e);
    }
  }

  @Override
  public void processElement2(StreamRecord<Card> element) {
    Card card = element.getValue();
    if (card.model()) {
      learn(card); // what was read at the start already changes nothing
      tellRefused();
      return;
    }
    Card known = newest.get(card.camera());
    if (known != null && known.offset() >= card.offset()) {
      return; // read at the start already
    }
    newest.put(card.camera(), card);
    Live camera = live.get(card.camera());
    if (camera != null) {
      show(card, camera.session);
      camera.dirty = true;
    }
  }

  /** Of all subtasks, which know the same, the first tells what is refused. */
  private void learn(Card card) {
    for (Output out : models.put(card)) {
      LOG.warn("{}: this model is refused, what was before goes on", card.camera());
      if (getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() == 0) {
        refused.add(new Result(out.topic(), out.key(), Math.max(card.timestampMs(), 0), out.value()));
      }
    }
  }

  private void tellRefused() {
    for (Result result : refused) {
      output.collect(new StreamRecord<>(result));
      measures.out();
    }
    refused.clear();
  }

  /** A session for the current key, from its state if there is one; null when the key is no camera's id. */
  private Live begin(String camera) throws Exception {
    byte[] snapshot = state.value();
    Card card = newest.get(camera);
    byte[] record = card == null ? null : card.value();
    Engine.Session session = null;
    if (snapshot != null) {
      try {
        session = engine.restore(camera, snapshot);
        if (record != null) {
          show(card, session);
        }
      } catch (BridgeException e) {
        measures.failure();
        complaints.say(camera + ": its state can't be restored, it begins anew", e);
      }
    }
    try {
      if (session == null) {
        session = engine.open(camera, record);
      }
    } catch (BridgeException e) {
      if (e.code() == BridgeException.Code.INVALID) {
        return null;
      }
      throw e; // without its library nothing goes on
    }
    session.follow(models);
    Live begun = new Live(session, measures.of(camera));
    live.put(camera, begun);
    return begun;
  }

  private void show(Card card, Engine.Session session) {
    if (card.value() == null) {
      return; // a camera that was removed ends with the marker that ingest writes
    }
    try {
      session.card(card.value());
    } catch (BridgeException e) {
      measures.failure();
      complaints.say(card.camera() + ": its card at offset " + card.offset() + " is not taken", e);
    }
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    long begun = System.nanoTime();
    long bytes = 0;
    for (Iterator<Map.Entry<String, Live>> all = live.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<String, Live> entry = all.next();
      Live camera = entry.getValue();
      if (camera.dirty) {
        tell(entry.getKey(), camera);
        byte[] snapshot = camera.session.snapshot();
        setCurrentKey(entry.getKey());
        state.update(snapshot);
        bytes += snapshot.length;
        camera.dirty = false;
      } else if (++camera.idle >= IDLE_CHECKPOINTS) {
        camera.session.close();
        camera.measures.close();
        all.remove();
        Card card = newest.get(entry.getKey());
        if (card != null && card.value() == null) {
          setCurrentKey(entry.getKey());
          state.clear(); // the camera was removed
        }
      }
    }
    measures.snapshot(bytes, System.nanoTime() - begun);
  }

  private void forget(String camera) {
    Live gone = live.remove(camera);
    if (gone != null) {
      gone.session.close();
      gone.measures.close();
    }
  }

  /** Frees the native side; also called after a failure and when the job is cancelled. */
  @Override
  public void close() throws Exception {
    if (live != null) {
      for (Live camera : live.values()) {
        camera.session.close();
      }
      live.clear();
    }
    if (models != null) {
      models.close();
    }
    super.close();
  }
}
