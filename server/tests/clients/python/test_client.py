"""What the official Python client does with a cluster: `python test_client.py KUBECONFIG`.

Every test has a namespace of its own. Ends with 0 if all pass."""

import contextlib
import socket
import sys
import threading
import time
import unittest
import uuid

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.stream import portforward, stream


def pod(name, *containers, **spec):
    """A Pod's manifest."""
    spec.setdefault("terminationGracePeriodSeconds", 0)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": list(containers), **spec},
    }


def busybox(name, script):
    return {"name": name, "image": "busybox", "command": ["sh", "-c", script]}


# A container runs before its server listens; with this probe it is ready only after.
LISTENS = {"tcpSocket": {"port": 80}, "periodSeconds": 1}


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.core = client.CoreV1Api()
        self.apps = client.AppsV1Api()
        self.namespace = f"python-{uuid.uuid4().hex[:8]}"
        self.core.create_namespace({"metadata": {"name": self.namespace}})
        self.wait_for(lambda: self.account_exists())

    def tearDown(self):
        self.core.delete_namespace(self.namespace)

    def account_exists(self):
        try:
            return self.core.read_namespaced_service_account("default", self.namespace)
        except client.ApiException as error:
            self.assertEqual(error.status, 404)
            return None

    def wait_for(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if result := condition():
                return result
            time.sleep(0.05)
        self.fail("it did not happen in time")

    def run_pod(self, manifest, phase="Running"):
        self.core.create_namespaced_pod(self.namespace, manifest)
        name = manifest["metadata"]["name"]

        def reached():
            seen = self.core.read_namespaced_pod(name, self.namespace)
            ready = phase != "Running" or all(s.ready for s in seen.status.container_statuses or [None] if s)
            return seen if seen.status.phase == phase and ready else None

        return self.wait_for(reached)


class ObjectsTest(ClusterTest):
    def test_an_object_is_created_read_changed_listed_and_deleted(self):
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"x": "1"}), data={"k": "v"})
        made = self.core.create_namespaced_config_map(self.namespace, body)
        self.assertEqual(made.data, {"k": "v"})
        self.assertIsNotNone(made.metadata.creation_timestamp.tzinfo)
        made.data["k"] = "w"
        self.core.replace_namespaced_config_map("a", self.namespace, made)
        self.core.patch_namespaced_config_map("a", self.namespace, {"data": {"l": "2"}})
        read = self.core.read_namespaced_config_map("a", self.namespace)
        self.assertEqual(read.data, {"k": "w", "l": "2"})
        listed = self.core.list_namespaced_config_map(self.namespace, label_selector="x=1")
        self.assertEqual([item.metadata.name for item in listed.items], ["a"])
        self.core.delete_namespaced_config_map("a", self.namespace)
        with self.assertRaises(client.ApiException) as caught:
            self.core.read_namespaced_config_map("a", self.namespace)
        self.assertEqual(caught.exception.status, 404)

    def test_an_old_version_is_a_conflict(self):
        made = self.core.create_namespaced_config_map(self.namespace, {"metadata": {"name": "a"}})
        self.core.patch_namespaced_config_map("a", self.namespace, {"data": {"l": "2"}})
        with self.assertRaises(client.ApiException) as caught:
            self.core.replace_namespaced_config_map("a", self.namespace, made)
        self.assertEqual((caught.exception.status, caught.exception.reason), (409, "Conflict"))

    def test_lists_come_in_pages(self):
        for index in range(5):
            self.core.create_namespaced_secret(self.namespace, {"metadata": {"name": f"s{index}"}})
        names, token = [], None
        while token != "":
            page = self.core.list_namespaced_secret(self.namespace, limit=2, _continue=token)
            names += [item.metadata.name for item in page.items]
            token = page.metadata._continue or ""
        self.assertEqual(names, [f"s{index}" for index in range(5)])

    def test_a_deployment_rolls_out_and_scales(self):
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        self.apps.create_namespaced_deployment(self.namespace, {"metadata": {"name": "web"}, "spec": spec})
        available = lambda: self.apps.read_namespaced_deployment_status("web", self.namespace).status.available_replicas
        self.wait_for(lambda: available() == 2)
        scale = self.apps.read_namespaced_deployment_scale("web", self.namespace)
        self.assertEqual(scale.spec.replicas, 2)
        self.apps.patch_namespaced_deployment_scale("web", self.namespace, {"spec": {"replicas": 3}})
        self.wait_for(lambda: available() == 3)
        found = self.core.list_namespaced_pod(self.namespace, label_selector="app=web", field_selector="status.phase=Running")
        self.assertEqual(len(found.items), 3)

    def test_the_dynamic_client_discovers_kinds_and_applies(self):
        api = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}, "data": {"a": "1"}}
        api.server_side_apply(body=body, namespace=self.namespace, field_manager="python")
        self.assertEqual(api.get(name="d", namespace=self.namespace).data.a, "1")
        other = {**body, "data": {"a": "2"}}
        with self.assertRaises(Exception) as caught:
            api.server_side_apply(body=other, namespace=self.namespace, field_manager="other")
        self.assertEqual(caught.exception.status, 409)

    def test_manifests_are_created_from_their_kinds(self):
        manifest = pod("m", busybox("c", "sleep 1000"))
        manifest["metadata"]["namespace"] = self.namespace
        utils.create_from_dict(client.ApiClient(), manifest)
        self.assertEqual(self.core.read_namespaced_pod("m", self.namespace).spec.containers[0].name, "c")

    def test_custom_resources_are_served(self):
        group = f"g{uuid.uuid4().hex[:8]}.example.com"
        schema = {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["size"],
                    "properties": {"size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"}},
                },
                "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
            },
        }
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
        names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
        spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
        definitions = client.ApiextensionsV1Api()
        name = f"widgets.{group}"
        definitions.create_custom_resource_definition({"metadata": {"name": name}, "spec": spec})
        established = lambda: any(
            c.type == "Established" and c.status == "True"
            for c in definitions.read_custom_resource_definition(name).status.conditions or []
        )
        self.wait_for(established)
        widgets = client.CustomObjectsApi()
        at = (group, "v1", self.namespace, "widgets")
        body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 2}}
        made = widgets.create_namespaced_custom_object(*at, body)
        self.assertEqual(made["spec"], {"size": 2, "colour": "red"})
        with self.assertRaises(client.ApiException) as caught:
            widgets.patch_namespaced_custom_object(*at, "w", {"spec": {"size": 0}})
        self.assertEqual(caught.exception.status, 422)
        widgets.patch_namespaced_custom_object_status(*at, "w", {"status": {"ready": True}})
        self.assertEqual(widgets.get_namespaced_custom_object(*at, "w")["status"], {"ready": True})
        self.assertEqual(len(widgets.list_namespaced_custom_object(*at)["items"]), 1)
        definitions.delete_custom_resource_definition(name)


class WatchTest(ClusterTest):
    def test_a_watch_tells_all_that_happens_from_a_version_on(self):
        start = self.core.list_namespaced_config_map(self.namespace).metadata.resource_version
        made = self.core.create_namespaced_config_map(self.namespace, {"metadata": {"name": "a"}})
        self.core.patch_namespaced_config_map("a", self.namespace, {"data": {"l": "2"}})
        self.core.delete_namespaced_config_map("a", self.namespace)
        watcher, seen = watch.Watch(), []
        for event in watcher.stream(
            self.core.list_namespaced_config_map, self.namespace, resource_version=start, timeout_seconds=20
        ):
            if event["object"].metadata.name == "a":
                seen.append(event["type"])
            if seen == ["ADDED", "MODIFIED", "DELETED"]:
                watcher.stop()
        self.assertEqual(seen, ["ADDED", "MODIFIED", "DELETED"])
        self.assertGreater(int(made.metadata.resource_version), int(start))


class ContainersTest(ClusterTest):
    def exec(self, name, command, **options):
        return stream(
            self.core.connect_get_namespaced_pod_exec, name, self.namespace, command=command, stdout=True, stderr=True, **options
        )

    def test_a_command_runs_in_the_container_that_is_named(self):
        self.run_pod(pod("p", busybox("one", "sleep 1000"), busybox("two", "echo x > /only-two; sleep 1000")))
        said = self.exec("p", ["sh", "-c", "cat /only-two; echo no >&2"], container="two")
        self.assertEqual(said, "x\nno\n")
        session = self.exec("p", ["sh", "-c", "read line; echo got $line; exit 3"], container="one", stdin=True, _preload_content=False)
        session.write_stdin("this\n")
        session.run_forever(timeout=20)
        self.assertEqual(session.read_stdout(), "got this\n")
        self.assertEqual(session.returncode, 3)
        with self.assertRaises(client.ApiException) as caught:
            self.exec("p", ["true"], container="three")
        self.assertEqual(caught.exception.status, 0)

    def test_a_log_is_followed_until_the_container_ends(self):
        self.run_pod(pod("l", busybox("c", "for i in 1 2 3; do echo line $i; sleep 0.2; done"), restartPolicy="Never"), "Running")
        lines = list(watch.Watch().stream(self.core.read_namespaced_pod_log, "l", self.namespace))
        self.assertEqual(lines, ["line 1", "line 2", "line 3"])
        self.assertEqual(self.core.read_namespaced_pod_log("l", self.namespace, tail_lines=1), "line 3\n")

    def test_a_port_is_forwarded(self):
        self.run_pod(pod("web", {"name": "c", "image": "nginx", "readinessProbe": LISTENS}))
        forward = portforward(self.core.connect_get_namespaced_pod_portforward, "web", self.namespace, ports="80")
        with contextlib.closing(forward.socket(80)) as connection:
            connection.setblocking(True)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := connection.recv(4096):
                answer += part
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), (answer, forward.error(80)))
        self.assertIn(b"Welcome to nginx!", answer)
        self.assertIsNone(forward.error(80))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: test_client.py KUBECONFIG")
    config.load_kube_config(sys.argv.pop())
    unittest.main()


if __name__ == "__main__":
    main()
