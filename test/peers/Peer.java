import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A peer of osdemo in Java. DataOutputStream.writeInt writes four bytes, the most significant one first. */
public class Peer {
    static final PrintStream out = new PrintStream(System.out, true, UTF_8);

    public static void main(String[] words) throws IOException {
        List<String> rest = Arrays.asList(words).subList(1, words.length);
        switch (words[0]) {
            case "echo-server": echoServer(); break;
            case "echo-client": echoClient(Integer.parseInt(words[1]), rest.subList(1, rest.size())); break;
            case "fifo-write": Files.write(Path.of(words[1]), rest.subList(1, rest.size())); break;
            case "fifo-read": Files.copy(Path.of(words[1]), System.out); break;
        }
        System.out.flush();
    }

    static void echoServer() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            out.println(listener.getLocalPort());
            while (true) {
                try (Socket socket = listener.accept()) {
                    DataInputStream in = new DataInputStream(socket.getInputStream());
                    while (true) write(socket, read(in));
                } catch (EOFException closed) {
                    // The next client.
                }
            }
        }
    }

    static void echoClient(int port, List<String> bodies) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (String body : bodies) {
                write(socket, body.getBytes(UTF_8));
                out.println(new String(read(in), UTF_8));
            }
        }
    }

    static byte[] read(DataInputStream in) throws IOException {
        byte[] body = new byte[in.readInt()];
        in.readFully(body);
        return body;
    }

    static void write(Socket socket, byte[] body) throws IOException {
        DataOutputStream to = new DataOutputStream(socket.getOutputStream());
        to.writeInt(body.length);
        to.write(body);
    }
}
