import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Real Kafka clients. `read SERVERS MS TOPIC...` prints every record, one a line; `write SERVERS COUNT TOPIC=CODEC...` sends some. */
public class KafkaClient {
    public static void main(String[] args) throws Exception {
        List<String> rest = Arrays.asList(args).subList(3, args.length);
        if (args[0].equals("read")) read(args[1], Long.parseLong(args[2]), rest);
        else if (args[0].equals("write")) for (String one : rest) write(args[1], Integer.parseInt(args[2]), one.split("="));
        else throw new IllegalArgumentException(args[0]);
    }

    private static void read(String servers, long timeoutMs, List<String> topics) {
        Properties config = new Properties();
        config.put("bootstrap.servers", servers);
        config.put("check.crcs", "true");
        config.put("default.api.timeout.ms", "20000");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (String topic : topics)
                for (PartitionInfo info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long untilMs = System.currentTimeMillis() + timeoutMs;
            while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
                if (System.currentTimeMillis() > untilMs) throw new IllegalStateException("not everything was served in time");
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) System.out.println(text(record));
            }
        }
    }

    private static String text(ConsumerRecord<byte[], byte[]> record) {
        String headers = StreamSupport.stream(record.headers().spliterator(), false)
            .map(header -> hex(header.key().getBytes(StandardCharsets.UTF_8)) + "=" + hex(header.value()))
            .collect(Collectors.joining(","));
        return String.join(" ", record.topic() + "-" + record.partition(), Long.toString(record.offset()), Long.toString(record.timestamp()),
            hex(record.key()), hex(record.value()), "[" + headers + "]");
    }

    private static String hex(byte[] bytes) {
        return bytes == null ? "null" : "x" + HexFormat.of().formatHex(bytes);
    }

    private static void write(String servers, int count, String[] topicAndCodec) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", servers);
        config.put("compression.type", topicAndCodec[1]);
        config.put("linger.ms", "20");
        config.put("delivery.timeout.ms", "30000");
        config.put("request.timeout.ms", "10000");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topicAndCodec[0], null, bytes("real-" + i % 7), bytes("from a real producer, number " + i));
                if (i % 5 == 4) record.headers().add("h", bytes("v" + i));
                sent.add(producer.send(record));
            }
            for (Future<RecordMetadata> one : sent) one.get();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
