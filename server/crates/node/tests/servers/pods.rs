//! Pods of the courses that podlab follows.

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn each_adapter_describes_the_car_for_its_platform() {
    for (adapter, expected) in [
        (
            "pgolard/test-adapter-kayak:v4",
            r#"{"carid":"1-XXX-333","price":55,"currency":"euro","status":"available","message":"welcome to kayak","payment_method":"visa"}"#,
        ),
        (
            "pgolard/test-adapter-airbnb:v4",
            r#"{"carid":"1-XXX-333","status":"available","costs":"10 euros an hour","payment_method":"paypal airbnb"}"#,
        ),
    ] {
        let lab = Lab::new().await;
        let pod = lab.pod("booking").await;
        lab.add(&pod, image("pgolard/test-main-booking:v4")).await;
        lab.add(&pod, image(adapter)).await;
        let client = lab.add(&pod, running("debian", "sleep 3600")).await;
        lab.sleep(100).await;
        let busybox = lab.add(&pod, running("busybox", "sleep 3600")).await;
        assert_eq!(lab.run(&busybox, &["wget", "-qO-", "http://localhost:33/bookCar"]).await, expected);
        assert_eq!(
            lab.exec(&client, &["sh", "-c", "command -v curl || command -v ps"]).await.unwrap().code,
            127
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_adapter_the_booking_application_cannot_answer() {
    let lab = Lab::new().await;
    let pod = lab.pod("booking").await;
    let main = lab.add(&pod, image("pgolard/test-main-booking:v4")).await;
    let client = lab.add(&pod, running("busybox", "sleep 3600")).await;
    lab.sleep(100).await;
    let output = lab.exec(&client, &["wget", "-S", "-qO-", "http://localhost:33/bookCar"]).await.unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("500"), "{}", output.stderr);
    assert!(lab.log(&main).await.contains("connect ECONNREFUSED 127.0.0.1:9096"));
}
