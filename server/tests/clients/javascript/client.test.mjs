// What the official JavaScript client does with a cluster: `KUBECONFIG=FILE node --test client.test.mjs`, with
// `@kubernetes/client-node` installed where Node finds it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import net from "node:net";
import { Writable } from "node:stream";
import { after, before, describe, test } from "node:test";

import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromDefault();
// The client speaks HTTP without TLS, as on a learner's own machine, only when certificates are not to be checked.
config.clusters = config.clusters.map((cluster) => ({ ...cluster, skipTLSVerify: true }));
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const namespace = `javascript-${randomBytes(4).toString("hex")}`;

/** Waits until `condition` gives something. */
async function eventually(condition, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const result = await condition();
    if (result) return result;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  assert.fail("it did not happen in time");
}

/** Runs a Pod with one container and waits until it is ready. */
async function run(name, container) {
  const spec = { containers: [{ name: "c", ...container }], restartPolicy: "Never", terminationGracePeriodSeconds: 0 };
  await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
  await eventually(async () => {
    const pod = await core.readNamespacedPod({ name, namespace });
    return pod.status.containerStatuses?.every((status) => status.ready);
  });
}

/** A stream that keeps what it is given. */
function kept() {
  const parts = [];
  const stream = new Writable({
    write(part, _encoding, done) {
      parts.push(part);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(parts.map((part) => Buffer.from(part))).toString() };
}

before(async () => {
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await eventually(() => core.readNamespacedServiceAccount({ name: "default", namespace }).catch(() => undefined));
});
after(() => core.deleteNamespace({ name: namespace }));

describe("objects", () => {
  test("an object is created, read, changed, listed and deleted", async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "a", labels: { x: "1" } }, data: { k: "v" } } });
    assert.deepEqual(made.data, { k: "v" });
    assert.ok(made.metadata.creationTimestamp instanceof Date);
    made.data.k = "w";
    await core.replaceNamespacedConfigMap({ name: "a", namespace, body: made });
    await core.patchNamespacedConfigMap({ name: "a", namespace, body: [{ op: "add", path: "/data/l", value: "2" }] });
    assert.deepEqual((await core.readNamespacedConfigMap({ name: "a", namespace })).data, { k: "w", l: "2" });
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: "x=1" });
    assert.deepEqual(list.items.map((item) => item.metadata.name), ["a"]);
    await core.deleteNamespacedConfigMap({ name: "a", namespace });
    await assert.rejects(core.readNamespacedConfigMap({ name: "a", namespace }), (error) => error.code === 404);
  });

  test("a deployment rolls out", async () => {
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx" }] } };
    const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
    await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: "web" }, spec } });
    await eventually(async () => {
      const deployment = await apps.readNamespacedDeploymentStatus({ name: "web", namespace });
      return deployment.status.availableReplicas === 2;
    });
  });

  test("objects of any kind are applied", async () => {
    const objects = k8s.KubernetesObjectApi.makeApiClient(config);
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "d", namespace }, data: { a: "1" } };
    await objects.patch(body, undefined, undefined, "javascript", true, k8s.PatchStrategy.ServerSideApply);
    assert.deepEqual((await objects.read(body)).data, { a: "1" });
    await objects.delete(body);
  });

  test("a watch tells what happens", async () => {
    const { metadata } = await core.listNamespacedSecret({ namespace });
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: "s" } } });
    await core.deleteNamespacedSecret({ name: "s", namespace });
    const seen = [];
    const watch = new k8s.Watch(config);
    await new Promise((resolve, reject) => {
      const request = watch.watch(
        `/api/v1/namespaces/${namespace}/secrets`,
        { resourceVersion: metadata.resourceVersion },
        (type) => {
          seen.push(type);
          if (seen.length === 2) request.then((controller) => controller.abort(), reject);
        },
        () => resolve(),
      );
    });
    assert.deepEqual(seen, ["ADDED", "DELETED"]);
  });

  test("an informer keeps up", async () => {
    const list = () => core.listNamespacedConfigMap({ namespace });
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
    const added = [];
    informer.on("add", (object) => added.push(object.metadata.name));
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "late" } } });
    await eventually(() => added.includes("late"));
    await informer.stop();
  });
});

describe("containers", () => {
  test("a command runs with its three streams and its exit code", async () => {
    await run("exec", { image: "busybox", command: ["sleep", "1000"] });
    const [out, err] = [kept(), kept()];
    const { Readable } = await import("node:stream");
    const status = await new Promise((resolve, reject) => {
      const command = ["sh", "-c", "read line; echo got $line; echo no >&2; exit 3"];
      new k8s.Exec(config)
        .exec(namespace, "exec", "c", command, out.stream, err.stream, Readable.from(["this\n"]), false, resolve)
        .catch(reject);
    });
    assert.equal(out.text(), "got this\n");
    assert.equal(err.text(), "no\n");
    assert.equal(status.status, "Failure");
    assert.equal(status.details.causes[0].message, "3");
  });

  test("a log is followed until the container ends", async () => {
    await run("log", { image: "busybox", command: ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done"] });
    const out = kept();
    const ended = new Promise((resolve) => out.stream.on("finish", resolve));
    await new k8s.Log(config).log(namespace, "log", "c", out.stream, { follow: true });
    await ended;
    assert.equal(out.text(), "line 1\nline 2\nline 3\n");
  });

  test("a port is forwarded", async () => {
    // A container runs before its server listens; with a probe it is ready only after.
    await run("web", { image: "nginx", readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } });
    const forward = new k8s.PortForward(config);
    // A connection to the cluster stays open until it is closed, and Node waits for it.
    const connections = [];
    const server = net.createServer(async (socket) => {
      connections.push(await forward.portForward(namespace, "web", [80], socket, null, socket));
    });
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const answer = await new Promise((resolve, reject) => {
      const socket = net.connect(server.address().port, "127.0.0.1");
      let text = "";
      socket.on("error", reject);
      socket.on("data", (part) => {
        text += part;
        if (text.includes("</html>")) {
          socket.destroy();
          resolve(text);
        }
      });
      socket.write("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
    });
    server.close();
    connections.forEach((connection) => connection.close());
    assert.match(answer, /^HTTP\/1.1 200 OK/);
    assert.match(answer, /Welcome to nginx!/);
  });
});
