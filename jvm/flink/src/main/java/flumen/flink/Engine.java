package flumen.flink;

import flumen.bridge.Analyzer;
import flumen.bridge.Output;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Makes the sessions of the operator: the bridge's in the job, others in tests without the library. */
interface Engine extends Serializable {
  /** {@code card} is null when the camera has no record. */
  Session open(String camera, byte[] card);

  Session restore(String camera, byte[] snapshot);

  /** A table of learned models that is empty. */
  Models models();

  /** What is said of a packet whose key is no camera's id. */
  List<Output> stray(Packet packet);

  /** One camera; used by one thread. */
  interface Session extends AutoCloseable {
    List<Output> process(int partition, long offset, byte[] header, byte[] value);

    void card(byte[] card);

    /** Takes learned models from this table from now on. */
    void follow(Models models);

    byte[] snapshot();

    /** What is wrong, or was since the last key frame, for a person; empty when nothing is. */
    String problem();

    @Override
    void close();
  }

  /** What one subtask knows of {@code flumen.models}. */
  interface Models extends AutoCloseable {
    /** What is to be told of a card that is refused. */
    List<Output> put(Card card);

    @Override
    void close();
  }

  /** The native analyzer. */
  static Engine bridge() {
    return new Engine() {
      private static final long serialVersionUID = 1;

      @Override
      public Session open(String camera, byte[] card) {
        return wrap(Analyzer.open(camera, card));
      }

      @Override
      public Session restore(String camera, byte[] snapshot) {
        return wrap(Analyzer.restore(camera, snapshot));
      }

      @Override
      public Models models() {
        return new Table(flumen.bridge.Models.open());
      }

      @Override
      public List<Output> stray(Packet packet) {
        return Analyzer.stray(packet.camera().getBytes(StandardCharsets.UTF_8), packet.partition(),
            packet.offset(), packet.value(), packet.timestampMs() * 1000);
      }
    };
  }

  /** The native table. */
  record Table(flumen.bridge.Models models) implements Models {
    @Override
    public List<Output> put(Card card) {
      return models.put(card.camera().getBytes(StandardCharsets.UTF_8), card.offset(), card.value(),
          card.timestampMs() * 1000);
    }

    @Override
    public void close() {
      models.close();
    }
  }

  private static Session wrap(Analyzer analyzer) {
    return new Session() {
      @Override
      public List<Output> process(int partition, long offset, byte[] header, byte[] value) {
        return analyzer.process(partition, offset, header, value);
      }

      @Override
      public void card(byte[] card) {
        analyzer.card(card);
      }

      @Override
      public void follow(Models models) {
        analyzer.follow(((Table) models).models());
      }

      @Override
      public byte[] snapshot() {
        return analyzer.snapshot();
      }

      @Override
      public String problem() {
        return analyzer.problem();
      }

      @Override
      public void close() {
        analyzer.close();
      }
    };
  }
}
