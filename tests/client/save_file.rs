//! Files that are saved to the bot's disk.

use std::fs;
use std::sync::{Arc, Mutex};

use cqhttp::action::{DownloadFileStream, GetFile, GetFileResponse};
use cqhttp::mock::{Fault, MockServer, StreamFault, With, World, refuse_as};
use cqhttp::{Client, Error, SaveFileError, connect};
use support::peer::soon;
use tempfile::TempDir;

/// SHA-256 of `Hello World`.
const SHA256: &str = "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e";

async fn server() -> MockServer {
    let world = World::new().content("hello.txt", "Hello World").content("empty", "");
    MockServer::builder().world(world).start().await.unwrap()
}

fn client(server: &MockServer) -> Client {
    Client::builder(server.url()).build().unwrap()
}

/// The names of the files in a folder.
fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_file_is_saved_whole_under_its_name() {
    let server = server().await;
    let (websocket, _events) = connect(server.ws_url()).await.unwrap();
    for client in [client(&server), websocket] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        fs::write(&path, "what was there before, and is longer").unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let save = client.save_file("hello.txt").chunk_size(4).sha256(SHA256.to_uppercase());
        let save = save.on_progress(move |progress| noted.lock().unwrap().push((progress.received, progress.total)));
        let saved = soon(save.to(&path)).await.unwrap();
        assert_eq!((saved.size, saved.name.as_deref(), &saved.path), (11, Some("hello.txt"), &path));
        assert_eq!(fs::read(&path).unwrap(), b"Hello World");
        assert_eq!(*seen.lock().unwrap(), [0, 4, 8, 11].map(|received| (received, Some(11))));
        assert_eq!(names(&folder), ["saved"]);
        let saved = soon(client.save_file("empty").to(folder.path().join("empty"))).await.unwrap();
        assert_eq!((saved.size, fs::read(saved.path).unwrap().len()), (0, 0));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_has_the_rights_of_a_new_one() {
    use std::os::unix::fs::PermissionsExt;
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    fs::write(folder.path().join("new"), "").unwrap();
    let saved = soon(client(&server).save_file("hello.txt").to(folder.path().join("saved"))).await.unwrap();
    assert_eq!(mode(saved.path), mode(folder.path().join("new")));
}

#[tokio::test]
async fn content_that_is_not_right_is_not_kept() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    for (fault, says) in [
        (StreamFault::LeftOut(2), "piece 2 arrived in place of piece 1"),
        (StreamFault::LeftOut(3), "8 bytes arrived, of 11"),
        (StreamFault::Swapped(1), "piece 1 arrived in place of piece 0"),
        (StreamFault::Damaged(1), "its SHA-256 is"),
    ] {
        server.fault_once::<DownloadFileStream>(Fault::Stream(fault.clone()));
        let save = client(&server).save_file("hello.txt").chunk_size(4).sha256(SHA256).attempts(1);
        let error = soon(save.to(folder.path().join("saved"))).await.unwrap_err();
        assert!(matches!(&error, SaveFileError::Damaged { .. }), "{fault:?}: {error:?}");
        assert!(error.to_string().contains(says), "{fault:?}: {error}");
        assert!(names(&folder).is_empty(), "{fault:?}");
    }
    // The same piece once more does no harm.
    server.fault_once::<DownloadFileStream>(Fault::Stream(StreamFault::Twice(2)));
    let save = client(&server).save_file("hello.txt").chunk_size(4).sha256(SHA256).attempts(1);
    assert_eq!(soon(save.to(folder.path().join("saved"))).await.unwrap().size, 11);
}

#[tokio::test]
async fn pieces_have_a_size_that_a_frame_can_hold() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    for (size, sent) in [(0, 1), (4, 4), (u64::MAX, 16 << 20)] {
        soon(client(&server).save_file("hello.txt").chunk_size(size).to(folder.path().join("saved"))).await.unwrap();
        let calls = server.calls();
        assert_eq!(calls.last().unwrap().params["chunk_size"], sent);
    }
}

#[tokio::test]
async fn a_download_that_is_cut_or_damaged_is_repeated() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let faults = [StreamFault::Cut(2), StreamFault::Swapped(1)].map(Fault::Stream);
    server.faults(Fault::script(faults));
    let path = folder.path().join("saved");
    soon(client(&server).save_file("hello.txt").chunk_size(4).to(&path)).await.unwrap();
    assert_eq!((fs::read(&path).unwrap().as_slice(), server.calls().len()), (&b"Hello World"[..], 3));
    // Without an end of the faults, the attempts end.
    server.faults(|_| Fault::Stream(StreamFault::Cut(2)));
    let error =
        soon(client(&server).save_file("hello.txt").attempts(2).to(folder.path().join("cut"))).await.unwrap_err();
    assert!(matches!(&error, SaveFileError::Call(Error::OutcomeUnknown(_))), "{error:?}");
    assert_eq!((names(&folder), server.calls().len()), (vec!["saved".to_owned()], 5));
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let error = soon(client(&server).save_file("nothing").to(folder.path().join("saved"))).await.unwrap_err();
    let SaveFileError::Call(error) = error else { panic!("{error:?}") };
    assert_eq!((error.explanation(), server.calls().len()), (Some("Download failed: file not found"), 1));
    assert!(names(&folder).is_empty());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/saved");
    let error = soon(client(&server).save_file("hello.txt").to(path)).await.unwrap_err();
    assert!(matches!(error, SaveFileError::Write(_)), "{error:?}");
}

#[tokio::test]
async fn a_download_that_is_given_up_leaves_nothing() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    server.fault_once::<DownloadFileStream>(Fault::Stream(StreamFault::Silent(2)));
    let (told, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let save =
        client(&server).save_file("hello.txt").chunk_size(4).on_progress(move |now| told.send(now.received).unwrap());
    let path = folder.path().join("saved");
    let saving = tokio::spawn(async move { save.to(path).await });
    while soon(begun.recv()).await != Some(4) {}
    saving.abort();
    assert!(saving.await.unwrap_err().is_cancelled());
    assert!(names(&folder).is_empty());
}

/// LLOneBot has `get_file` alone.
#[tokio::test]
async fn a_server_without_streams_is_asked_for_the_content() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let unsupported = Fault::Refuse(refuse_as(1404, "不支持的Api download_file_stream"));
    server.faults(move |call| if call.action == "get_file" { Fault::None } else { unsupported.clone() });
    let answer = || {
        GetFileResponse::example().with(|answer| {
            (answer.base64, answer.file_size) = (Some("SGVsbG8gV29ybGQ=".into()), Some(11));
        })
    };
    let path = folder.path().join("saved");
    server.on::<GetFile>(move |_| Ok(answer()));
    let saved = soon(client(&server).save_file("hello.txt").sha256(SHA256).to(&path)).await.unwrap();
    assert_eq!((saved.size, fs::read(&path).unwrap().as_slice()), (11, &b"Hello World"[..]));
    server.on::<GetFile>(move |_| Ok(answer().with(|answer| answer.file_size = Some(12))));
    let error = soon(client(&server).save_file("hello.txt").to(&path)).await.unwrap_err();
    assert!(error.to_string().contains("11 bytes arrived, of 12"), "{error}");
    server.on::<GetFile>(move |_| Ok(GetFileResponse::example()));
    let error = soon(client(&server).save_file("hello.txt").to(&path)).await.unwrap_err();
    assert!(matches!(&error, SaveFileError::Elsewhere { path: Some(_), url: Some(_), .. }), "{error:?}");
    assert!(error.to_string().contains("at /data/cache/march.pdf"), "{error}");
    // A server that has neither says which servers have the action.
    server.faults(|_| Fault::Refuse(refuse_as(1404, "不支持的Api")));
    let error = soon(client(&server).save_file("hello.txt").to(&path)).await.unwrap_err();
    let SaveFileError::Call(error) = error else { panic!("{error:?}") };
    assert!(error.is_unsupported() && error.action() == "download_file_stream", "{error:?}");
}
