//! A peer of osdemo in Rust. The C library, which the standard library links, has segments and queues.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::fs::{File, OpenOptions};
use std::io::{self, copy, stdout, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ptr::null;

extern "C" {
    fn shmget(key: c_int, size: usize, flags: c_int) -> c_int;
    fn shmat(id: c_int, address: *const c_void, flags: c_int) -> *mut c_char;
    fn mq_open(name: *const c_char, flags: c_int) -> c_int;
    fn mq_send(queue: c_int, message: *const u8, length: usize, priority: u32) -> c_int;
    fn mq_receive(queue: c_int, message: *mut u8, length: usize, priority: *const u32) -> isize;
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rest = &words[words.len().min(2)..];
    match words[0].as_str() {
        "echo-server" => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("{}", listener.local_addr()?.port());
            for stream in listener.incoming() {
                let mut stream = stream?;
                while let Ok(body) = read_frame(&mut stream) {
                    write_frame(&mut stream, &body)?;
                }
            }
        }
        "echo-client" => {
            let mut stream = TcpStream::connect(format!("127.0.0.1:{}", words[1]))?;
            for body in rest {
                write_frame(&mut stream, body.as_bytes())?;
                println!("{}", String::from_utf8_lossy(&read_frame(&mut stream)?));
            }
        }
        "fifo-write" => {
            let mut fifo = OpenOptions::new().write(true).open(&words[1])?;
            for line in rest {
                writeln!(fifo, "{line}")?;
            }
        }
        "fifo-read" => {
            copy(&mut File::open(&words[1])?, &mut stdout())?;
        }
        "segment-write" => {
            let text = CString::new(words[2].as_str())?;
            let bytes = text.as_bytes_with_nul();
            // The segment is longer than the text.
            unsafe { attach(&words[1], 0o1600)?.copy_from(bytes.as_ptr().cast(), bytes.len()) };
        }
        "segment-read" => {
            // osdemo ends the text with a NUL byte.
            let text = unsafe { CStr::from_ptr(attach(&words[1], 0)?) };
            println!("{}", text.to_string_lossy());
        }
        "queue-send" => {
            let queue = open_queue(&words[1], 1)?;
            for text in rest {
                check(unsafe { mq_send(queue, text.as_ptr(), text.len(), 0) } as isize)?;
            }
        }
        "queue-receive" => {
            let queue = open_queue(&words[1], 0)?;
            let mut message = vec![0; 65536];
            for _ in 0..words[2].parse().unwrap() {
                let length = unsafe { mq_receive(queue, message.as_mut_ptr(), message.len(), null()) };
                println!("{}", String::from_utf8_lossy(&message[..check(length)? as usize]));
            }
        }
        role => panic!("unknown role {role}"),
    }
    Ok(())
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let mut body = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn write_frame(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    stream.write_all(&(body.len() as u32).to_be_bytes())?;
    stream.write_all(body)
}

fn attach(key: &str, flags: c_int) -> io::Result<*mut c_char> {
    let id = check(unsafe { shmget(key.parse().unwrap(), 1024, flags) } as isize)?;
    let address = unsafe { shmat(id as c_int, null(), 0) };
    check(address as isize)?;
    Ok(address)
}

fn open_queue(name: &str, flags: c_int) -> io::Result<c_int> {
    let name = CString::new(name)?;
    Ok(check(unsafe { mq_open(name.as_ptr(), flags) } as isize)? as c_int)
}

fn check(result: isize) -> io::Result<isize> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
