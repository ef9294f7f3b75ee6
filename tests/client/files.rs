//! Files that are sent to the server: from real disks, over real sockets.

use std::error::Error as _;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cqhttp::mock::MockServer;
use cqhttp::types::{ImageFile, ServerPath};
use cqhttp::{Client, FileSource, Message, Segment, UploadSource};
use serde_json::json;
use tempfile::TempDir;

async fn connected() -> (MockServer, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

/// The bytes of a source.
fn carried(source: &str) -> Vec<u8> {
    STANDARD.decode(source.strip_prefix("base64://").unwrap()).unwrap()
}

#[tokio::test]
async fn a_file_of_the_bots_arrives_byte_for_byte() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("群 头像.png");
    // Every byte, and a length that base64 has to pad.
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    std::fs::write(&file, &bytes).unwrap();
    let (server, client) = connected().await;
    client.set_group_portrait(10001000, FileSource::read(&file).await.unwrap()).await.unwrap();
    client.send_group_notice(10001000, "hi").image(FileSource::bytes(&bytes)).await.unwrap();
    let calls = server.calls();
    assert_eq!(carried(calls[0].params["file"].as_str().unwrap()), bytes);
    assert_eq!(carried(calls[1].params["image"].as_str().unwrap()), bytes);
}

#[tokio::test]
async fn a_file_may_be_as_large_as_the_limit_and_no_larger() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("image");
    std::fs::write(&file, [7; 11]).unwrap();
    assert_eq!(carried(FileSource::read_within(&file, 11).await.unwrap().as_str()), [7; 11]);
    let error = FileSource::read_within(&file, 10).await.unwrap_err();
    assert!(error.to_string().contains("larger than 10 bytes"), "{error}");
    assert!(FileSource::read_within(&file, u64::MAX).await.is_ok());

    // As go-cqhttp has it: 30 MiB are too much for an image, one byte less is not. The file has a hole in place of bytes.
    let large = std::fs::File::create(folder.path().join("large")).unwrap();
    large.set_len(30 * 1024 * 1024).unwrap();
    let error = FileSource::read(folder.path().join("large")).await.unwrap_err();
    assert!(error.to_string().contains("larger than 31457279 bytes"), "{error}");
    large.set_len(30 * 1024 * 1024 - 1).unwrap();
    assert_eq!(carried(FileSource::read(folder.path().join("large")).await.unwrap().as_str()).len(), 31_457_279);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_with_its_path_and_reason() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("empty.png"), "").unwrap();
    std::fs::create_dir(folder.path().join("folder.png")).unwrap();
    for (name, says, has_source) in [
        ("empty.png", "is empty", false),
        ("missing.png", "cannot be read", true),
        ("folder.png", "is a folder", false),
    ] {
        let path = folder.path().join(name);
        let error = FileSource::read(&path).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("{} {says}", path.display())), "{error}");
        assert_eq!(error.source().is_some(), has_source, "{error:?}");
    }
}

/// The size that the file system reports may be wrong: these files report 0 and have content.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_limit_counts_what_is_read() {
    assert_eq!(std::fs::metadata("/proc/self/status").unwrap().len(), 0);
    let error = FileSource::read_within("/proc/self/status", 100).await.unwrap_err();
    assert!(error.to_string().contains("larger than 100 bytes"), "{error}");
    let whole = FileSource::read("/proc/self/status").await.unwrap();
    assert!(carried(whole.as_str()).starts_with(b"Name:"));
}

/// Reading a file without a runtime is an error, like a call without one.
#[test]
fn a_file_is_read_inside_a_runtime() {
    let mut read = std::pin::pin!(FileSource::read("Cargo.toml"));
    let polled = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert!(error.source().unwrap().to_string().contains("inside a tokio runtime"), "{error:?}");
}

/// A pipe without a writer, and a device that never ends, are refused at once.
#[cfg(unix)]
#[tokio::test]
async fn pipes_and_devices_are_no_files() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), std::path::Path::new("/dev/zero")] {
        let read = tokio::time::timeout(std::time::Duration::from_secs(60), FileSource::read(path)).await.unwrap();
        let error = read.unwrap_err();
        assert!(error.to_string().contains("is not a file"), "{error}");
    }
}

#[test]
fn a_path_becomes_an_address_that_every_server_reads_back() {
    for (path, address) in [
        ("/data/cat.png", "file:///data/cat.png"),
        ("/data/my cat.png", "file:///data/my%20cat.png"),
        ("/data/100%.png", "file:///data/100%25.png"),
        ("/data/a%20b.png", "file:///data/a%2520b.png"),
        ("/data/#1.png", "file:///data/%231.png"),
        ("/data/what?.png", "file:///data/what%3F.png"),
        ("/data/猫.png", "file:///data/%E7%8C%AB.png"),
        ("/data/line\nbreak.png", "file:///data/line%0Abreak.png"),
        ("/data/a+b&c=d;e:f@g.png", "file:///data/a+b&c=d;e:f@g.png"),
        // Part of a name on Unix, where servers in JavaScript would take it for a separator.
        (r"/data/a\b.png", "file:///data/a%5Cb.png"),
        (r"C:\图\my cat.png", r"file:///C:\%E5%9B%BE\my%20cat.png"),
        ("C:/cat.png", "file:///C:/cat.png"),
    ] {
        assert_eq!(FileSource::path(path).as_str(), address);
        assert_eq!(FileSource::from(ServerPath::new(path)).as_str(), address);
    }
}

/// Text that is passed as an address never becomes a path on the server's disk.
#[test]
fn an_address_is_one_of_the_web() {
    for (text, address) in [
        ("https://example.com/猫.png?a=b#c", "https://example.com/猫.png?a=b#c"),
        ("HTTPS://example.com/Cat.png", "https://example.com/Cat.png"),
        ("Http://example.com", "http://example.com"),
        ("example.com/cat.png", "http://example.com/cat.png"),
        ("file:///etc/passwd", "http://file:///etc/passwd"),
        ("base64://AAAA", "http://base64://AAAA"),
        ("/etc/passwd", "http:///etc/passwd"),
        ("../../config.yml", "http://../../config.yml"),
        ("https:/etc/passwd", "http://https:/etc/passwd"),
        ("猫猫猫", "http://猫猫猫"),
    ] {
        assert_eq!(FileSource::url(text).as_str(), address);
    }
}

#[test]
fn debug_shows_no_bytes() {
    let source = FileSource::bytes("password");
    let shown = format!("{source:?}");
    assert_eq!(shown, "FileSource(base64, 12 characters)");
    assert_eq!(format!("{:?}", FileSource::path("/data/cat.png")), r#"FileSource("file:///data/cat.png")"#);
}

#[tokio::test]
async fn a_name_goes_out_as_it_came() {
    let (server, client) = connected().await;
    let image = ImageFile::new("5d41.image");
    client.set_group_portrait(10001000, &image).await.unwrap();
    client.ocr_image(image).await.unwrap();
    assert_eq!(server.calls()[0].params, json!({ "group_id": 10001000, "file": "5d41.image", "cache": 1 }));
    assert_eq!(server.calls()[1].params, json!({ "image": "5d41.image" }));
}

/// A path is sent plain, since go-cqhttp opens it unchanged; addresses and bytes are for the servers that read them.
#[tokio::test]
async fn uploads_take_paths_as_they_are() {
    let (server, client) = connected().await;
    let bytes = FileSource::bytes("%PDF");
    for source in [
        UploadSource::from("/data/my cat.pdf"),
        String::from("data/cat.pdf").into(),
        ServerPath::new(r"C:\图\cat.pdf").into(),
        FileSource::url("https://example.com/cat.pdf").into(),
        FileSource::received("cat.pdf").into(),
        (&bytes).into(),
    ] {
        client.upload_group_file(10001000, source, "cat.pdf").await.unwrap();
    }
    client.upload_private_file(10086, "/data/cat.pdf", "cat.pdf").await.unwrap();
    let sent: Vec<_> = server.calls().iter().map(|call| call.params["file"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "/data/my cat.pdf",
        "data/cat.pdf",
        r"C:\图\cat.pdf",
        "https://example.com/cat.pdf",
        "cat.pdf",
        "base64://JVBERg==",
        "/data/cat.pdf",
    ];
    assert_eq!(sent, expected);
    assert_eq!(format!("{:?}", UploadSource::from(bytes)), "UploadSource(base64, 8 characters)");
}

/// A file segment's id is typed as that of a group's file, since it does not know the chat.
#[tokio::test]
async fn actions_about_files_take_the_id_of_a_received_file() {
    let (server, client) = connected().await;
    let received = json!([{ "type": "file", "data": { "file": "march.pdf", "file_id": "1a2b", "file_hash": "EQQR" } }]);
    let message: Message = serde_json::from_value(received).unwrap();
    let Some(Segment::File(file)) = message.first() else { panic!("{message:?}") };
    let id = file.file_id.as_ref().unwrap();
    client.get_private_file_url(id).user_id(10086).file_hash(file.file_hash.clone().unwrap()).await.unwrap();
    client.get_private_file_url(id.clone()).await.unwrap();
    client.get_file(id.as_str()).download(false).await.unwrap();
    client.move_group_file(10001000, id, "/", "/docs").await.unwrap();
    let sent: Vec<_> = server.calls().iter().map(|call| call.params.clone()).collect();
    let expected = [
        json!({ "file_id": "1a2b", "user_id": 10086, "file_hash": "EQQR" }),
        json!({ "file_id": "1a2b" }),
        // Names that servers read differently go out together.
        json!({ "file_id": "1a2b", "file": "1a2b", "download": false }),
        json!({
            "group_id": 10001000,
            "file_id": "1a2b",
            "parent_directory": "/",
            "current_parent_directory": "/",
            "target_directory": "/docs",
            "target_parent_directory": "/docs",
        }),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn the_path_of_a_source_is_the_path_of_an_upload() {
    for path in [
        "/data/my cat.png",
        "/data/a%20b #1?.png",
        "/data/猫\n.png",
        r"/data/a\b.png",
        r"/\odd",
        "//data/x",
        r"C:\图\my cat.png",
        "d:/cat.png",
        r"\\host\share\cat.png",
    ] {
        assert_eq!(UploadSource::from(FileSource::path(path)).as_str(), path);
    }
}

/// The uploads accept the answer of `download_file`.
#[tokio::test]
async fn what_was_downloaded_can_be_uploaded() {
    let (server, client) = connected().await;
    let downloaded = client.download_file("https://example.com/march.pdf").await.unwrap();
    client.upload_group_file(10001000, &downloaded.file, "march.pdf").await.unwrap();
    assert_eq!(server.calls()[1].params["file"], downloaded.file.as_str());
}
