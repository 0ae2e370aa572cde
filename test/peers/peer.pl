# A peer of osdemo in Perl. Shared memory is part of the language: perldoc -f shmread.
use strict;
use warnings;
use IO::Socket::INET;

my ($role, @words) = @ARGV;
STDOUT->autoflush(1);

sub read_exactly {
    my ($socket, $count) = @_;
    my $bytes = '';
    while (length($bytes) < $count) {
        my $got = sysread($socket, $bytes, $count - length($bytes), length($bytes));
        die "read: $!\n" unless defined $got;
        return undef if $got == 0;
    }
    return $bytes;
}

sub read_frame {
    my ($socket) = @_;
    my $header = read_exactly($socket, 4) // return undef;
    return read_exactly($socket, unpack('N', $header));
}

sub write_frame {
    my ($socket, $body) = @_;
    print $socket pack('N/a*', $body);
    $socket->flush;
}

my %roles = (
    'echo-server' => sub {
        my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!\n";
        print $listener->sockport, "\n";
        while (my $socket = $listener->accept) {
            while (defined(my $body = read_frame($socket))) { write_frame($socket, $body) }
        }
    },
    'echo-client' => sub {
        my ($port, @bodies) = @_;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $!\n";
        for my $body (@bodies) {
            write_frame($socket, $body);
            print read_frame($socket) // die("no echo\n"), "\n";
        }
    },
    'fifo-write' => sub {
        my ($path, @lines) = @_;
        open(my $fifo, '>', $path) or die "open: $!\n";
        print $fifo "$_\n" for @lines;
    },
    'fifo-read' => sub {
        open(my $fifo, '<', $_[0]) or die "open: $!\n";
        print while <$fifo>;
    },
    'segment-write' => sub {
        my ($key, $text) = @_;
        my $id = shmget($key, 1024, 01600) // die "shmget: $!\n";
        shmwrite($id, "$text\0", 0, length($text) + 1) or die "shmwrite: $!\n";
    },
    'segment-read' => sub {
        my $id = shmget($_[0], 0, 0) // die "shmget: $!\n";
        shmread($id, my $bytes, 0, 1024) or die "shmread: $!\n";
        print unpack('Z*', $bytes), "\n";
    },
);
$roles{$role}->(@words);
