//! Files of images that cannot be fitted: the sentence names the file.

use std::fs;

use files::header::framed;

use super::honest;

#[test]
fn a_fit_names_its_file_and_what_is_wrong_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let [path, out] = ["images.safetensors", "out.safetensors"].map(|name| folder.path().join(name));
    let images = |dtype: &str, shape: &str, categories: &str, length: usize| {
        let info = format!("\"images\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{length}]}}");
        let header = format!("{{\"__metadata__\":{{\"categories\":\"{categories}\"}},{info}}}");
        let data: Vec<u8> = (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
        framed(header.into_bytes(), &data)
    };
    let twice = {
        let bytes = images("U8", "[1,3,8,8]", "a", 192);
        let (header, data) = files::header::read(&bytes).unwrap();
        assert_eq!(header.tensors.len(), 1);
        let info = "\"images\":{\"dtype\":\"U8\",\"shape\":[1,3,8,8],\"data_offsets\":[0,192]}";
        framed(format!("{{{info},{info}}}").into_bytes(), data)
    };
    for (bytes, told) in [
        (b"GIF89a".to_vec(), "not a safetensors file, its length is 6 bytes"),
        (twice, "\"images\" stands there twice"),
        (images("I8", "[1,3,8,8]", "a", 192), "images has dtype I8, expected U8"),
        (
            images("U8", "[1,192]", "a", 192),
            "images has shape [1, 192], expected [N, 3, H, W]",
        ),
        (
            images("U8", "[1,3,4,16]", "a", 192),
            "images has shape [1, 3, 4, 16], expected H and W multiples of 8",
        ),
        (
            images("U8", "[0,3,8,8]", "", 0),
            "images has shape [0, 3, 8, 8], expected at least one image, and pixels",
        ),
        (
            images("U8", "[2,3,8,8]", "a", 384),
            "the metadata's categories has 1 lines for 2 images, expected a line for each image",
        ),
        (images("U8", "[1,3,8,8]", "a", 192), ": "),
    ] {
        fs::write(&path, bytes).unwrap();
        let [from, to] = [&path, &out].map(|path| path.display().to_string());
        let (code, said) = honest(&["fit", &from, "--out", &to]);
        assert_eq!(code, 2, "{said}");
        assert!(
            said.starts_with(&format!("elbo: {from}: ")) && said.contains(told),
            "{said} lacks {told}"
        );
        assert!(!out.exists(), "{said}");
    }
}
