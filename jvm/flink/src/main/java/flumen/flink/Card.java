package flumen.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * A record of {@code flumen.cameras}, or of {@code flumen.models} where {@code model} says so; {@code camera} is its
 * key, {@code value} is null when it was removed.
 */
record Card(String camera, boolean model, long offset, long timestampMs, byte[] value) {

  static final WireType<Card> TYPE = new WireType<>(Card.class, new Serializer());

  /** A camera's. */
  Card(String camera, long offset, byte[] value) {
    this(camera, false, offset, 0, value);
  }

  static final class Serializer extends WireSerializer<Card> {
    private static final long serialVersionUID = 2;

    Serializer() {
      super(Card.class);
    }

    @Override
    public void serialize(Card card, DataOutputView out) throws IOException {
      out.writeUTF(card.camera);
      out.writeBoolean(card.model);
      out.writeLong(card.offset);
      out.writeLong(card.timestampMs);
      writeBytes(card.value, out);
    }

    @Override
    public Card deserialize(DataInputView in) throws IOException {
      return new Card(in.readUTF(), in.readBoolean(), in.readLong(), in.readLong(), readBytes(in));
    }
  }
}
