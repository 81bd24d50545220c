package flumen.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A record of {@code flumen.cameras}; {@code value} is null when the camera was removed. */
record Card(String camera, long offset, byte[] value) {

  static final WireType<Card> TYPE = new WireType<>(Card.class, new Serializer());

  static final class Serializer extends WireSerializer<Card> {
    private static final long serialVersionUID = 1;

    Serializer() {
      super(Card.class);
    }

    @Override
    public void serialize(Card card, DataOutputView out) throws IOException {
      out.writeUTF(card.camera);
      out.writeLong(card.offset);
      writeBytes(card.value, out);
    }

    @Override
    public Card deserialize(DataInputView in) throws IOException {
      return new Card(in.readUTF(), in.readLong(), readBytes(in));
    }
  }
}
