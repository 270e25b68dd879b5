"""The manifests below docker/kubernetes: valid by Kubernetes' own schemas, right for the code, hardened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from api.cli import app as cli
from api.ops.routes import router
from api.settings import Settings
from grader.sandbox.docker import gate
from grader.sandbox.docker.options import DockerOptions

FOLDER = Path(__file__).parents[2] / "docker" / "kubernetes"
DOCKERFILES = FOLDER.parent
VERSIONS = ("1.33", "1.37")  # the oldest that has all of it, and the newest that we have schemas of
OF_OTHERS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"}  # read by the client of S3
PRIVILEGED = {("local/worker.yaml", "worker")}  # it makes namespaces: the one exception, said in its file
SERVICE_USER = 10002

Manifest = dict[str, Any]


def documents() -> Iterator[tuple[str, Manifest]]:
    for path in sorted(FOLDER.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if not document["apiVersion"].startswith("kustomize."):
                yield str(path.relative_to(FOLDER)), document


def name_of(found: tuple[str, Manifest]) -> str:
    file, document = found
    return f"{file}:{document['kind']}:{document['metadata']['name']}"


def pod_of(document: Manifest) -> Manifest | None:
    return document["spec"]["template"]["spec"] if document["kind"] in {"Deployment", "Job"} else None


ALL = list(documents())
PODS = [(file, document) for file, document in ALL if pod_of(document)]
CONTAINERS = [
    (file, pod_of(document), container)
    for file, document in PODS
    for container in (*pod_of(document).get("initContainers", ()), *pod_of(document)["containers"])
]
SETTINGS = {f"TENSORGRADE_{name.upper()}" for name in Settings.model_fields}

each = pytest.mark.parametrize("found", ALL, ids=name_of)
each_pod = pytest.mark.parametrize("found", PODS, ids=name_of)
each_container = pytest.mark.parametrize(
    ("file", "pod", "container"), CONTAINERS, ids=[f"{file}:{one['name']}" for file, _, one in CONTAINERS]
)


def environment(container: Manifest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container.get("env", ())}


def named(kind: str, file: str | None = None) -> dict[tuple[str, str], Manifest]:
    return {
        (document["metadata"].get("namespace", ""), document["metadata"]["name"]): document
        for where, document in ALL
        if document["kind"] == kind and file in {None, where}
    }


@each
@pytest.mark.parametrize("version", VERSIONS)
def test_schema(found, version):
    kubernetes_validate.validate(found[1], version, strict=True)


def test_the_schemas_refuse_what_is_wrong():
    broken = dict(PODS[0][1], sepc={})
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_every_file_is_applied_once_or_is_an_example():
    listed = []
    for path in FOLDER.rglob("kustomization.yaml"):
        listed += [path.parent / name for name in yaml.safe_load(path.read_text())["resources"]]
    files = {path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert len(listed) == len(set(listed))
    assert set(listed) == {path for path in files if not path.name.endswith(".example.yaml")}


@each
def test_it_is_in_a_namespace_that_is_there(found):
    _file, document = found
    namespaces = {name for _, name in named("Namespace")}
    if document["kind"] != "Namespace":
        own = "monitoring" if "adapter" in document["metadata"]["name"] else document["metadata"]["namespace"]
        assert own in namespaces | {"monitoring"}


def test_settings_are_the_service_s():
    given = {key for kind in ("ConfigMap", "Secret") for one in named(kind).values() for key in keys_of(one)}
    given |= {key for _, _, container in CONTAINERS for key in environment(container)}
    assert given - OF_OTHERS - {"DATABASE_URL", "BROKER_URL"} <= SETTINGS


def keys_of(document: Manifest) -> set[str]:
    keys = set(document.get("data", {})) | set(document.get("stringData", {}))
    return keys - {"config.yaml"}


@each_container
def test_settings_can_be_read(file, pod, container, monkeypatch):
    """As the container's process will read them."""
    names = pod_namespaces(pod)
    shared = {}
    for source in container.get("envFrom", ()):
        if "configMapRef" in source:
            shared |= named("ConfigMap")[names, source["configMapRef"]["name"]]["data"]
        else:
            assert (names, source["secretRef"]["name"]) in named("Secret")
    for key, value in (shared | environment(container)).items():
        assert isinstance(value, str)
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@host/name")
    settings = Settings(_env_file=None)
    if shared:
        assert settings.environment == "production"
        assert settings.is_secure
        assert settings.host == "0.0.0.0"  # noqa: S104 - probes and other pods come from outside
        assert settings.blobs.startswith("s3://")


def pod_namespaces(pod: Manifest) -> str:
    return next(one["metadata"]["namespace"] for _, one in PODS if pod_of(one) is pod)


def test_both_namespaces_have_the_same_settings_and_workers_fewer_secrets():
    one, other = (
        named("ConfigMap")[name, "tensorgrade"]["data"] for name in ("tensorgrade", "tensorgrade-sandboxes")
    )
    assert one == other
    web, workers = (named("Secret")[name, "tensorgrade"] for name in ("tensorgrade", "tensorgrade-sandboxes"))
    assert keys_of(workers) < keys_of(web)
    assert not any(web["stringData"].values())
    assert not any(workers["stringData"].values())


@each_container
def test_commands_are_there(file, pod, container):
    program, *rest = container["command"]
    if program == "tensorgrade":
        command = typer.main.get_command(cli)
        assert rest[0] in command.commands
    else:
        assert [program, *rest] == ["python", "-m", gate.__name__]
        options = {one for one in container["args"] if one.startswith("--")}
        assert options <= set(re.findall(r'"(--[a-z-]+)"', Path(gate.__file__).read_text()))


@each_container
def test_images_are_those_that_are_built(file, pod, container):
    assert container["image"] == "tensorgrade-service:latest"
    built = (DOCKERFILES / "service.Dockerfile").read_text()
    assert f"USER {SERVICE_USER}:{SERVICE_USER}" in built
    assert pod.get("securityContext", {}).get("runAsUser", 0) in {0, SERVICE_USER}


@each_container
def test_limits(file, pod, container):
    resources = container["resources"]
    for kind in ("requests", "limits"):
        assert {"cpu", "memory", "ephemeral-storage"} <= set(resources[kind])
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume)


@each_container
def test_every_container_is_confined(file, pod, container):
    own = container["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    if (file, container["name"]) in PRIVILEGED:
        return
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert not set(own) - {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"}
    around = pod["securityContext"]
    assert around["runAsNonRoot"] is True
    assert around["runAsUser"] == SERVICE_USER
    assert around["seccompProfile"] == {"type": "RuntimeDefault"}


@each_pod
def test_every_pod_is_confined(found):
    pod = pod_of(found[1])
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False  # a service named tensorgrade would set TENSORGRADE_PORT
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    mounted = {mount["name"] for _, owner, one in CONTAINERS if owner is pod for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_only_the_gate_has_the_engine():
    for _file, pod, container in CONTAINERS:
        of_host = {volume["name"] for volume in pod["volumes"] if "hostPath" in volume}
        has = {mount["name"] for mount in container["volumeMounts"]} & of_host
        assert has == ({"engine"} if container["name"] == "gate" else set())


@pytest.mark.parametrize("file", ["engine/worker.yaml", "gpu/worker.yaml"])
def test_gate_and_worker_agree(file):
    containers = {one["name"]: one for where, _, one in CONTAINERS if where == file}
    arguments = containers["gate"]["args"]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    told = environment(containers["worker"])
    assert told["TENSORGRADE_SANDBOX_BACKEND"] == "docker"
    assert told["TENSORGRADE_SANDBOX_IMAGE"] == given["--image"]
    assert told["TENSORGRADE_SANDBOX_ENGINE"] == given["--listen"].replace("unix:", "unix://")
    assert given["--image"].partition(":")[0] == DockerOptions.image.partition(":")[0]
    mounts = {mount["mountPath"] for mount in containers["gate"]["volumeMounts"]}
    assert given["--engine"] in mounts
    assert str(Path(given["--listen"].removeprefix("unix:")).parent) in mounts
    for probe in ("startupProbe", "livenessProbe"):
        assert containers["gate"][probe]["exec"]["command"][3:] == ["--listen", given["--listen"], "--check"]


@each_container
def test_probes_ask_what_is_there(file, pod, container):
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
    told = environment(container)
    probes = [
        container[name]["httpGet"]
        for name in container
        if name.endswith("Probe") and "httpGet" in container[name]
    ]
    for probe in probes:
        if probe["port"] == "http":
            assert probe["path"] in {route.path for route in router.routes}
            assert told["TENSORGRADE_PORT"] == str(ports["http"])
        else:
            assert (probe["port"], probe["path"]) == ("metrics", "/metrics")
            assert told["TENSORGRADE_METRICS_PORT"] == str(ports["metrics"])
    if ports:
        assert {"startupProbe", "livenessProbe"} <= set(container)


def test_workers_have_time_to_stop():
    seconds = float(
        named("ConfigMap")["tensorgrade-sandboxes", "tensorgrade"]["data"]["TENSORGRADE_STOP_SECONDS"]
    )
    for _file, document in PODS:
        if document["metadata"]["name"].startswith("worker"):
            assert pod_of(document)["terminationGracePeriodSeconds"] >= seconds + 20


def test_selectors_find_their_pods():
    labels = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["spec"]["template"]["metadata"]["labels"]
        for _, one in PODS
    }
    for _file, document in ALL:
        if document["kind"] in {"Deployment", "PodDisruptionBudget"}:
            wanted = document["spec"]["selector"]["matchLabels"]
        elif document["kind"] == "Service":
            wanted = document["spec"]["selector"]
        else:
            continue
        place = document["metadata"]["namespace"], document["metadata"]["name"]
        assert wanted.items() <= labels[place].items()
        others = [found for where, found in labels.items() if where != place]
        assert not any(wanted.items() <= found.items() for found in others)


def test_the_network_is_closed_but_for_what_is_needed():
    policies = named("NetworkPolicy")
    for namespace in ("tensorgrade", "tensorgrade-sandboxes"):
        closed = policies[namespace, "default-deny"]["spec"]
        assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    worker = policies["tensorgrade-sandboxes", "worker"]["spec"]
    assert [ports(rule) for rule in worker["egress"]] == [{5432, 6379, 9000}]
    assert [ports(rule) for rule in worker["ingress"]] == [{9100}]
    for policy in policies.values():
        for rule in (*policy["spec"].get("egress", ()), *policy["spec"].get("ingress", ())):
            peers = rule.get("to") or rule["from"]
            assert all(peer["namespaceSelector"]["matchLabels"] for peer in peers)
            assert rule["ports"]


def ports(rule: Manifest) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def test_policies_open_the_ports_that_pods_have():
    api = named("Deployment")["tensorgrade", "api"]
    assert ports(named("NetworkPolicy")["tensorgrade", "api"]["spec"]["ingress"][0]) == {
        one["containerPort"] for one in pod_of(api)["containers"][0]["ports"]
    }
    service = named("Service")["tensorgrade", "api"]["spec"]["ports"]
    rules = named("Ingress")["tensorgrade", "tensorgrade"]["spec"]["rules"]
    backend = rules[0]["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["name"]) == ("api", service[0]["name"])
    url = named("ConfigMap")["tensorgrade", "tensorgrade"]["data"]["TENSORGRADE_PUBLIC_URL"]
    assert url == f"https://{rules[0]['host']}"


def test_autoscaling_uses_metrics_that_are_there():
    source = (FOLDER.parents[1] / "api/ops/queue_metrics.py").read_text()
    adapter = named("ConfigMap")["monitoring", "tensorgrade-prometheus-adapter"]["data"]["config.yaml"]
    offered = {}
    for rule in yaml.safe_load(adapter)["externalRules"]:
        offered[rule["name"]["as"]] = rule
        for metric in [rule["seriesQuery"], *re.findall(r"tensorgrade_\w+", rule["metricsQuery"])]:
            assert f'"{metric}"' in source
        assert re.fullmatch(rule["name"]["matches"], rule["seriesQuery"])
        assert rule["metricsQuery"].endswith("or vector(0)")
    for (namespace, _), scaler in named("HorizontalPodAutoscaler").items():
        target = scaler["spec"]["scaleTargetRef"]
        deployment = named(target["kind"])[namespace, target["name"]]
        assert "replicas" not in deployment["spec"]  # else each `apply` would undo the scaling
        assert scaler["spec"]["metrics"][0]["external"]["metric"]["name"] in offered
