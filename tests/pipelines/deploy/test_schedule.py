"""What `affectory schedule` writes: valid by the published schemas, safe, complete, and the same each time."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import kube
from support.project import texts
from typer.main import get_command

from affectory.pipelines.cli.app import app
from affectory.pipelines.deploy.bundle import read
from affectory.pipelines.deploy.files import Written
from affectory.pipelines.deploy.schedule import KINDS, write_schedule
from affectory.pipelines.deploy.site import Site
from affectory.schemas.errors import UserError
from affectory.schemas.recipe import RecipeProblems

Yaml = dict[str, Any]
ABSOLUTE = "sources: [{kind: jsonl, path: /data/hello/lines.jsonl, text: body, key: id}]\n"
SMALL = "dataset: hello-affect\ntaxonomy: ekman-7\n" + ABSOLUTE
FULL = """\
deploy:
  image: affectory-cpu:0.1.0
  schedule: 30 1 * * mon-fri
  time_zone: Europe/Berlin
  namespace: datasets
  head: {cpus: 4, memory_gb: 32, node_selector: {pool: standard}}
  workers: {min: 1, max: 8, cpus: 8, memory_gb: 32, node_selector: {pool: cpu},
    tolerations: [{key: spot, value: "yes"}]}
  gpu_workers: {max: 2, gpus: 4, node_selector: {accelerator: a100}}
  secrets: [PSEUDONYM_KEY, AWS_SECRET_ACCESS_KEY]
  env: {AWS_REGION: eu-central-1, PRICE: "$5"}
  storage: {claim: affectory-data, size_gb: 500, storage_class: nfs}
  service_account: builder
  deadline_hours: 6
  keep_hours: 2
  retries: 3
  machines: {head: 10.0.0.1, workers: [10.0.0.2, 10.0.0.3], user: build}
"""
LEAST = "deploy: {storage: {workspace: 's3://b/ws', releases: 's3://b/out'}, machines: {head: head.local}}\n"
REMOTE = SMALL.replace("/data/hello", "s3://b/raw")
RECIPES = {"full": SMALL + FULL, "least": REMOTE + LEAST}


def written(folder: Path, recipe: str, kind: str) -> dict[str, Path]:
    """The files of a kind of schedule, by name."""
    (folder / "recipe.yaml").write_text(recipe)
    roots = ("s3://b/raw",) if "s3://b/raw" in recipe else ()
    site = Site(read(folder / "recipe.yaml", (), roots), roots=roots)
    out = folder / f"out-{kind}"
    return {path.relative_to(out).as_posix(): path for path in write_schedule(site, kind, out)}


def documents(path: Path) -> list[Yaml]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def every_document(folder: Path, recipe: str) -> list[Yaml]:
    paths = [p for kind in ("kuberay", "cronjob") for p in written(folder, recipe, kind).values()]
    found = [document for path in paths for document in documents(path)]
    scripts = [json.loads(d["data"]["rayjob.json"]) for d in found if "rayjob.json" in d.get("data", {})]
    return [*found, *scripts]


@pytest.fixture(scope="module")
def schemas(shared: Callable[[str], Path]) -> Path:
    return shared("deployment-schemas")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("plural", ["rayclusters", "rayjobs", "raycronjobs"])
def test_what_kuberay_reads_fits_its_schema_without_a_field_unknown(
    tmp_path: Path, schemas: Path, recipe: str, plural: str
) -> None:
    wanted = [d for d in every_document(tmp_path, recipe) if d["kind"].lower() + "s" == plural]
    assert wanted
    for document in wanted:
        assert kube.mistakes(document, kube.crd(schemas, plural)) == []


def test_the_strict_check_finds_unknown_fields_and_wrong_types(tmp_path: Path, schemas: Path) -> None:
    (cluster,) = documents(written(tmp_path, RECIPES["full"], "kuberay")["raycluster.yaml"])
    schema = kube.crd(schemas, "rayclusters")
    container = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    container["imagePulPolicy"] = "Always"
    cluster["spec"]["workerGroupSpecs"][0]["maxReplicas"] = "8"
    found = kube.mistakes(cluster, schema)
    assert len(found) == 2
    assert any("imagePulPolicy" in line for line in found) and any("maxReplicas" in line for line in found)


JOB_FIELDS = {"backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished", "template"}
CRON_FIELDS = {
    *("schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds"),
    *("successfulJobsHistoryLimit", "failedJobsHistoryLimit", "jobTemplate"),
}


def test_the_cron_job_may_create_ray_jobs_and_nothing_else(tmp_path: Path, schemas: Path) -> None:
    found = {d["kind"]: d for d in documents(written(tmp_path, RECIPES["full"], "cronjob")["cronjob.yaml"])}
    assert found["Role"]["rules"] == [{"apiGroups": ["ray.io"], "resources": ["rayjobs"], "verbs": ["create"]}]
    name = found["ServiceAccount"]["metadata"]["name"]
    assert found["RoleBinding"]["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    assert found["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "datasets"}]
    spec = found["CronJob"]["spec"]
    assert set(spec) == CRON_FIELDS and set(spec["jobTemplate"]["spec"]) == JOB_FIELDS
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        *("30 1 * * mon-fri", "Europe/Berlin"),
        "Forbid",
    )
    pod = spec["jobTemplate"]["spec"]["template"]
    template = kube.at(kube.crd(schemas, "rayclusters"), "spec", "headGroupSpec", "template")
    assert kube.mistakes(pod, template) == []
    assert pod["spec"]["serviceAccountName"] == name
    assert pod["spec"]["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]


def test_every_way_to_start_starts_the_same_job(tmp_path: Path) -> None:
    kinds: dict[str, list[Yaml]] = {}
    for document in every_document(tmp_path, RECIPES["full"]):
        kinds.setdefault(document["kind"], []).append(document.get("spec", document))
    one, other = kinds["RayJob"]
    assert one == other == kinds["RayCronJob"][0]["jobTemplate"]
    assert one["rayClusterSpec"] == kinds["RayCluster"][0]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_no_pod_is_more_than_it_must_be(tmp_path: Path, recipe: str) -> None:
    found = [pod for document in every_document(tmp_path, recipe) for pod in kube.pods(document)]
    assert len(found) >= 10
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]) == {"requests", "limits"}
            assert ":" in container["image"] and not container["image"].endswith(":latest")


def test_what_the_recipe_says_arrives(tmp_path: Path) -> None:
    (job,) = documents(written(tmp_path, RECIPES["full"], "kuberay")["rayjob.yaml"])
    spec = job["spec"]
    assert job["metadata"]["namespace"] == "datasets"
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (21600, 7200, 3)
    assert spec["shutdownAfterJobFinishes"] is True
    head = spec["rayClusterSpec"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert head["template"]["spec"]["nodeSelector"] == {"pool": "standard"}
    cpu, gpu = spec["rayClusterSpec"]["workerGroupSpecs"]
    assert (cpu["minReplicas"], cpu["replicas"], cpu["maxReplicas"]) == (1, 1, 8)
    assert cpu["template"]["spec"]["tolerations"] == [{"key": "spot", "operator": "Equal", "value": "yes"}]
    assert gpu["template"]["spec"]["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert gpu["template"]["spec"]["nodeSelector"] == {"accelerator": "a100"}
    (container,) = gpu["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 4
    assert container["image"] == "affectory-gpu:0.1.0"


def test_a_job_finds_recipe_storage_and_secrets_under_the_names_that_were_written(tmp_path: Path) -> None:
    files = written(tmp_path, RECIPES["full"], "kuberay")
    (job,) = documents(files["rayjob.yaml"])
    base = {d["kind"]: d for d in documents(files["base.yaml"])}
    secret = yaml.safe_load(files["secrets.yaml.template"].read_text())
    head = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    volumes = {v["name"]: v for v in head["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == base["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["recipe"]["configMap"]["name"] == base["ConfigMap"]["metadata"]["name"]
    (item,) = volumes["recipe"]["configMap"]["items"]
    assert base["ConfigMap"]["data"][item["key"]] == RECIPES["full"]
    words = shlex.split(job["spec"]["entrypoint"])
    assert f"/recipe/{item['path']}" == words[words.index("build") + 1]
    assert words[words.index("--workspace") + 1] == "/data/workspaces/hello-affect"
    env = {e["name"]: e for e in head["containers"][0]["env"]}
    reference = env["PSEUDONYM_KEY"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": secret["metadata"]["name"], "key": "PSEUDONYM_KEY"}
    assert secret["stringData"] == {"PSEUDONYM_KEY": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_command_of_a_job_is_one_that_build_takes(tmp_path: Path, recipe: str) -> None:
    (job,) = documents(written(tmp_path, recipe, "kuberay")["rayjob.yaml"])
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[:3] == ["python", "-m", "affectory.pipelines.cli"]
    found = get_command(app).commands[words[3]].make_context(words[3], words[4:]).params  # type: ignore[attr-defined]
    assert (str(found["recipe"]), found["engine"], found["address"]) == ("/recipe/recipe.yaml", "ray", "auto")
    assert found["workspace"] in ("/data/workspaces/hello-affect", "s3://b/ws")
    assert found["releases"] in ("/data/releases/hello-affect", "s3://b/out")
    assert found["root"][0] == "/recipe"


def test_storage_that_is_an_address_needs_no_claim(tmp_path: Path) -> None:
    files = written(tmp_path, RECIPES["least"], "kuberay")
    assert [d["kind"] for d in documents(files["base.yaml"])] == ["Namespace", "ConfigMap"]
    (job,) = documents(files["rayjob.yaml"])
    assert "--workspace s3://b/ws --releases s3://b/out" in job["spec"]["entrypoint"]
    assert [group["groupName"] for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"]] == ["cpu"]


def test_a_recipe_beside_its_data_is_read_where_it_lies(tmp_path: Path) -> None:
    recipe = SMALL.replace("/data/hello/", "") + "deploy: {storage: {claim: data, recipe: /data/hello/recipe.yaml}}\n"
    files = written(tmp_path, recipe, "kuberay")
    (job,) = documents(files["rayjob.yaml"])
    assert "build /data/hello/recipe.yaml " in job["spec"]["entrypoint"]
    assert "ConfigMap" not in [d["kind"] for d in documents(files["base.yaml"])]


def test_includes_and_a_taxonomy_file_travel_with_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.yaml").write_text(ABSOLUTE)
    (tmp_path / "moods.yaml").write_text("name: moods\nlabels: [joy, fear]\n")
    text = "dataset: d\ninclude: [parts/base.yaml]\ntaxonomy: {file: moods.yaml}\ndeploy: {storage: {claim: data}}\n"
    files = written(tmp_path, text, "kuberay")
    config = next(d for d in documents(files["base.yaml"]) if d["kind"] == "ConfigMap")
    (job,) = documents(files["rayjob.yaml"])
    volumes = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["volumes"]
    items = next(v["configMap"]["items"] for v in volumes if v["name"] == "recipe")
    found = {item["path"]: config["data"][item["key"]] for item in items}
    assert found["parts/base.yaml"] == ABSOLUTE and set(found) == {"moods.yaml", "parts/base.yaml", "recipe.yaml"}


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (REMOTE, "the workspace would be"),
        (REMOTE + "deploy: {storage: {workspace: 's3://b/w'}}\n", "the releases would be"),
        (
            REMOTE + "workspace: /home/me/ws\ndeploy: {storage: {releases: 's3://b/out'}}\n",
            "on no volume that every node sees",
        ),
        (REMOTE + "deploy: {storage: {claim: data, workspace: /data2/ws}}\n", "on no volume that every node sees"),
        (
            REMOTE + "deploy: {storage: {workspace: 's3://b/w', releases: 's3://b/r', recipe: /r.yaml}}\n",
            "recipe at /r",
        ),
        (REMOTE + "workspace: ws\npublish: {to: /data/out}\n", "every node of a cluster must see it"),
    ],
)
def test_folders_that_only_one_machine_sees_are_refused(tmp_path: Path, recipe: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        written(tmp_path, recipe, "kuberay")


@pytest.mark.parametrize("place", ["", "/home/me/", "/data2/"])
def test_data_that_the_cluster_does_not_see_are_told_with_their_place(tmp_path: Path, place: str) -> None:
    with pytest.raises(RecipeProblems) as caught:
        written(tmp_path, SMALL.replace("/data/hello/", place) + "deploy: {storage: {claim: data}}\n", "kuberay")
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("sources[0].path", 3)
    assert "shared volume or object storage" in problem.hint


def test_places_to_read_are_allowed_beforehand_and_not_at_night(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(SMALL.replace("/data/hello/lines.jsonl", "s3://raw/lines.jsonl") + FULL)
    with pytest.raises(RecipeProblems, match="--root s3://raw"):
        write_schedule(Site(read(recipe)), "kuberay", tmp_path / "out")
    root = ("s3://raw",)
    paths = write_schedule(Site(read(recipe, (), root), roots=root), "kuberay", tmp_path / "out")
    (job,) = documents(next(p for p in paths if p.name == "rayjob.yaml"))
    assert job["spec"]["entrypoint"].endswith("--root /recipe --root /data --root s3://raw")


@pytest.mark.parametrize("named", ["workspace: s3://b/ws", "publish: {to: 's3://b/out'}"])
def test_a_recipe_alone_sends_nothing_to_an_address(tmp_path: Path, named: str) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"{REMOTE}{named}\n")
    other = {"releases_given": "s3://b/out"} if named.startswith("workspace") else {"workspace_given": "s3://b/ws"}
    with pytest.raises(RecipeProblems, match=r"--root s3://b/(ws|out)"):
        Site(read(recipe, (), ("s3://b/raw",)), **other).command("recipe.yaml")
    words = Site(read(recipe, (), ("s3://b",)), **other).command("recipe.yaml")
    assert ("s3://b/ws/hello-affect" if "ws" in named else "s3://b/ws") in words and "s3://b/out" in words


def test_what_is_given_when_files_are_written_holds_at_night(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPES["full"])
    given, root = ("deploy.head.cpus=3", "label.min_overlap=0.4"), (str(tmp_path.parent),)
    site = Site(read(recipe, given, root), "s3://b/ws", "out", root, given)
    paths = {p.name: p for p in write_schedule(site, "cron", tmp_path / "out")}
    words = shlex.split(paths["nightly.sh"].read_text().splitlines()[-1])
    here = ["--releases", str(Path("out").absolute()), "--root", root[0], "--set", "label.min_overlap=0.4"]
    assert words[4:] == ["--workspace", "s3://b/ws", *here]
    (job,) = documents(
        next(
            p
            for p in write_schedule(Site(read(recipe, given), overrides=given), "kuberay", tmp_path)
            if p.name == "rayjob.yaml"
        )
    )
    assert job["spec"]["entrypoint"].endswith("--root /data --set label.min_overlap=0.4")


@pytest.mark.parametrize("where", ["s3://key:hidden@b/ws", "http://b/ws", "s3:/b/ws"])
def test_an_address_that_the_build_would_refuse_is_in_no_file(tmp_path: Path, where: str) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPES["full"])
    with pytest.raises(UserError, match="the workspace") as told:
        write_schedule(Site(read(recipe), where), "kuberay", tmp_path / "out")
    assert "hidden" not in str(told.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["1e5", "0o17", "12e4567", "-.5e3", "1.5", "v1"])
def test_text_that_looks_like_a_number_stays_text(text: str) -> None:
    document = Written("x.yaml", "", ({"value": text},)).content()
    assert yaml.safe_load(document) == {"value": text}
    assert (document == f"value: {text}\n") is text.startswith("v")


def test_a_recipe_whose_name_a_shell_would_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "re$(id).yaml"
    path.write_text(RECIPES["full"])
    with pytest.raises(UserError, match="cannot be part of a job's command"):
        write_schedule(Site(read(path)), "kuberay", tmp_path / "out")


def test_an_unknown_kind_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="kuberay, cronjob, ray-up, compose, cron"):
        written(tmp_path, RECIPES["full"], "helm")


def test_long_names_are_cut_and_stay_apart(tmp_path: Path) -> None:
    names = set()
    for end in ("a", "b"):
        recipe = RECIPES["full"].replace("hello-affect", "x" * 60 + end)
        (job,) = documents(written(tmp_path, recipe, "kuberay")["raycronjob.yaml"])
        names.add(job["metadata"]["name"])
    assert len(names) == 2 and all(len(name) <= 40 for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_the_same_each_time_and_say_what_to_do(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "value-of-the-secret")
    first = {name: path.read_bytes() for name, path in written(tmp_path, RECIPES["full"], kind).items()}
    second = {name: path.read_bytes() for name, path in written(tmp_path, RECIPES["full"], kind).items()}
    assert first == second
    assert not any(b"value-of-the-secret" in content for content in first.values())
    assert all(c.startswith(b"#") for name, c in first.items() if not name.startswith("recipe/"))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_cluster_file_passes_rays_own_checks(tmp_path: Path, recipe: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    (config,) = documents(written(tmp_path, recipe, "ray-up")["cluster.yaml"])
    validate_config(prepare_config(config))
    assert config["provider"]["type"] == "local"
    assert all("RAY_AUTH_MODE=token" in config[f"{node}_start_ray_commands"][1] for node in ("head", "worker"))


def test_machines_must_be_named_for_ray_up(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which machines"):
        written(tmp_path, SMALL, "ray-up")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_compose_file_fits_its_schema_and_is_closed(tmp_path: Path, schemas: Path, recipe: str) -> None:
    files = written(tmp_path, recipe, "compose")
    (found,) = documents(files["compose.yaml"])
    assert kube.mistakes(found, json.loads((schemas / "compose-spec.json").read_text())) == []
    for service in found["services"].values():
        assert service["user"] != "0" and service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["environment"]["RAY_AUTH_MODE"] == "token"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    named = {line.split("=")[0] for line in files["env.example"].read_text().splitlines() if "=" in line}
    asked = {name for name, v in found["services"]["head"]["environment"].items() if v.startswith("${")}
    assert named == asked
    assert files["recipe/recipe.yaml"].read_text().endswith(recipe)


def test_the_script_for_cron_builds_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "it's $(touch pwned) 100%"
    folder.mkdir()
    made = texts(folder, 8)
    out = folder / "out"
    paths = {p.name: p for p in write_schedule(Site(read(made.recipe)), "cron", out)}
    done = subprocess.run([paths["nightly.sh"]], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (folder / "releases" / "LATEST").exists()
    assert not list(tmp_path.rglob("pwned"))
    line = paths["crontab"].read_text().splitlines()[-1]
    assert line == f"0 2 * * * {shlex.quote(str(out / 'nightly.sh'))}".replace("%", "\\%")


def test_a_script_for_a_cluster_submits(tmp_path: Path) -> None:
    recipe = SMALL + "deploy: {address: 'http://head:8265', secrets: [KEY_A], storage: {claim: data}}\n"
    script = written(tmp_path, recipe, "cron")["nightly.sh"].read_text()
    assert script.splitlines()[-1].endswith("affectory submit recipe.yaml --address http://head:8265 --env KEY_A")
