package flumen.bridge;

/**
 * One record that follows from a record of {@code flumen.video}, ready for a bus.
 *
 * @param topic where it belongs; {@code flumen.gaps} is compacted by key
 * @param key the camera, or what the topic's records are kept by
 * @param timestampUs arrival of the source record, microseconds since 1970; 0 when it is not known
 * @param value the message
 */
public record Output(String topic, byte[] key, long timestampUs, byte[] value) {}
