"""What deploy/ says to Kubernetes, to builders of images and to systemd, held against their own rules and against our text.

An image is not built: that takes a registry. What can be said without one is said of its file.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import kubernetes_validate
import yaml
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / 'deploy'
MANIFEST = (DEPLOY / 'kubernetes.yaml').read_text()
OBJECTS = list(yaml.safe_load_all(MANIFEST))

# `Config::drain_window`, and four times `shutdown_timeout`, `close_timeout`, a second each for the bus and the operators' port, and
# one to spare.
WINDOW = 5
MARGIN = 25


def least(delay):
    return int(delay) + WINDOW + MARGIN


def config(name):
    """The default in seconds of a field of `Config`."""
    text = (ROOT / 'channel-runtime/src/config/mod.rs').read_text()
    return int(re.search(rf'{name}: Duration::from_secs\((\d+)\)', text)[1])


class Defaults(unittest.TestCase):
    def test_the_sum_is_that_of_the_defaults(self):
        self.assertEqual(config('drain_window'), WINDOW)
        self.assertGreater(MARGIN, 4 * config('shutdown_timeout') + config('close_timeout') + 2)


class Manifest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = cls.one('Deployment')
        cls.pod = cls.deployment['spec']['template']['spec']
        (cls.container,) = cls.pod['containers']
        cls.labels = cls.deployment['spec']['template']['metadata']['labels']
        cls.env = {each['name']: each for each in cls.container['env']}

    @classmethod
    def one(cls, kind, name='chat'):
        (found,) = [each for each in OBJECTS if (each['kind'], each['metadata']['name']) == (kind, name)]
        return found

    def test_each_object_is_as_the_schemas_of_an_old_and_of_the_newest_kubernetes_say(self):
        for version in ('1.29', '1.37'):
            for each in OBJECTS:
                with self.subTest(version=version, kind=each['kind']):
                    kubernetes_validate.validate(each, version, strict=True)

    def test_the_schemas_know_a_mistake(self):
        wrong = yaml.safe_load(MANIFEST.split('---')[0].replace('maxSurge', 'maxsurge'))
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, '1.37', strict=True)

    def test_a_node_has_the_time_to_stop(self):
        self.assertEqual(self.pod['terminationGracePeriodSeconds'], least(self.env['DRAIN_DELAY']['value']))
        self.assertNotIn('lifecycle', self.container)

    def test_readiness_is_seen_within_the_drain_delay(self):
        probe = self.container['readinessProbe']
        self.assertEqual(probe['httpGet'], {'path': '/ready', 'port': 'ops'})
        self.assertLess(probe['periodSeconds'] * probe['failureThreshold'], int(self.env['DRAIN_DELAY']['value']))

    def test_a_node_that_waits_for_the_bus_is_not_killed(self):
        start = self.container['startupProbe']
        self.assertEqual(start['httpGet'], self.container['livenessProbe']['httpGet'])
        self.assertEqual(start['httpGet'], {'path': '/live', 'port': 'ops'})
        # `start_timeout` of the bus.
        self.assertGreater(start['periodSeconds'] * start['failureThreshold'], 30)

    def test_nodes_are_replaced_one_by_one(self):
        rolling = self.deployment['spec']['strategy']
        self.assertEqual(rolling, {'type': 'RollingUpdate', 'rollingUpdate': {'maxUnavailable': 1, 'maxSurge': 1}})
        budget = self.one('PodDisruptionBudget')['spec']
        self.assertEqual(budget['maxUnavailable'], 1)
        self.assertEqual(budget['selector']['matchLabels'], self.labels)

    def test_nodes_are_spread_over_machines(self):
        (rule,) = self.pod['affinity']['podAntiAffinity']['preferredDuringSchedulingIgnoredDuringExecution']
        self.assertEqual(rule['podAffinityTerm']['labelSelector']['matchLabels'], self.labels)
        self.assertEqual(rule['podAffinityTerm']['topologyKey'], 'kubernetes.io/hostname')

    def test_a_node_may_do_nothing_but_serve(self):
        self.assertIs(self.pod['securityContext']['runAsNonRoot'], True)
        self.assertIs(self.pod['automountServiceAccountToken'], False)
        context = self.container['securityContext']
        self.assertIs(context['readOnlyRootFilesystem'], True)
        self.assertIs(context['allowPrivilegeEscalation'], False)
        self.assertEqual(context['capabilities'], {'drop': ['ALL']})
        self.assertIn('memory', self.container['resources']['limits'])
        self.assertEqual(set(self.container['resources']['requests']), {'cpu', 'memory'})

    def test_secrets_are_named_and_do_not_stand_there(self):
        self.assertNotIn('Secret', [each['kind'] for each in OBJECTS])
        for name in ('BUS', 'PUBLISH_TOKEN'):
            self.assertEqual(set(self.env[name]), {'name', 'valueFrom'})
            key = self.env[name]['valueFrom']['secretKeyRef']
            self.assertEqual(key['name'], 'chat')
            self.assertIn(f'--from-literal={key["key"]}=', MANIFEST)

    def test_what_is_named_is_there(self):
        ports = {port['name']: port['containerPort'] for port in self.container['ports']}
        service = self.one('Service')['spec']
        self.assertEqual(service['selector'], self.labels)
        self.assertEqual([port['targetPort'] for port in service['ports']], ['clients'])
        ops = self.one('Service', 'chat-ops')['spec']
        self.assertEqual(ops['selector'], self.labels)
        self.assertEqual(ops['ports'], [{'name': 'ops', 'port': ports['ops'], 'targetPort': 'ops'}])
        self.assertEqual(self.env['CLUSTER_ADDR']['value'], f'0.0.0.0:{ports["clients"]}')
        self.assertEqual(self.env['CLUSTER_OPS']['value'], f'0.0.0.0:{ports["ops"]}')
        example = ''.join(path.read_text() for path in (ROOT / 'examples/cluster').iterdir())
        for name in self.env:
            self.assertIn(f'"{name}"', example)

    def test_the_operators_port_and_the_bus_are_for_few(self):
        policy = self.one('NetworkPolicy')['spec']
        self.assertEqual(policy['podSelector']['matchLabels'], self.labels)
        self.assertEqual(policy['policyTypes'], ['Ingress', 'Egress'])
        from_all = [rule['ports'] for rule in policy['ingress'] if 'from' not in rule]
        self.assertEqual(from_all, [[{'port': 'clients'}]])
        # Each port that pods are let in at is one that a Service leads to.
        ports = {port['port'] for rule in policy['ingress'] for port in rule['ports']}
        services = [each['spec'] for each in OBJECTS if each['kind'] == 'Service']
        self.assertEqual({port['targetPort'] for service in services for port in service['ports']}, ports)
        bus = self.one('NetworkPolicy', 'bus')['spec']
        self.assertIn({'podSelector': bus['podSelector']}, [to for rule in policy['egress'] for to in rule['to']])
        self.assertTrue(all('from' in rule for rule in bus['ingress']))
        self.assertEqual(bus['ingress'][0]['from'], [{'podSelector': {'matchLabels': self.labels}}])

    def test_nodes_are_added_by_their_connections_and_taken_away_slowly(self):
        scaler = self.one('HorizontalPodAutoscaler')['spec']
        self.assertEqual(scaler['scaleTargetRef']['name'], self.deployment['metadata']['name'])
        self.assertNotIn('replicas', self.deployment['spec'])
        (metric,) = scaler['metrics']
        name = metric['pods']['metric']['name']
        self.assertIn(f'`{name}`', (ROOT / 'docs/operating.md').read_text())
        (policy,) = scaler['behavior']['scaleDown']['policies']
        self.assertEqual(policy['value'], 1)
        self.assertGreater(policy['periodSeconds'], self.pod['terminationGracePeriodSeconds'])


class Containerfile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as place:
            parser = DockerfileParser(place)
            parser.content = (DEPLOY / 'Containerfile').read_text()
            cls.structure = parser.structure
            cls.images = parser.parent_images
        stages = [at for at, each in enumerate(cls.structure) if each['instruction'] == 'FROM']
        cls.build = cls.structure[stages[0]:stages[1]]
        cls.last = {each['instruction']: each['value'] for each in cls.structure[stages[1]:]}

    def test_only_instructions_that_there_are(self):
        known = {'ARG', 'COMMENT', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'RUN', 'STOPSIGNAL', 'USER', 'WORKDIR'}
        self.assertLessEqual({each['instruction'] for each in self.structure}, known)

    def test_it_is_built_by_the_compiler_that_the_repository_names(self):
        channel = re.search(r'channel = "(.+)"', (ROOT / 'rust-toolchain.toml').read_text())[1]
        self.assertEqual(self.images, [f'docker.io/library/rust:{channel}-bookworm', 'gcr.io/distroless/cc-debian12:nonroot'])

    def test_the_last_stage_is_one_program_of_nobody_s(self):
        self.assertNotIn('RUN', self.last)
        self.assertEqual(self.last['COPY'], '--from=build /built/node /node')
        self.assertEqual(self.last['ENTRYPOINT'], '["/node"]')
        self.assertEqual(self.last['STOPSIGNAL'], 'SIGTERM')
        # As the manifest has it.
        user = self.last['USER'].split(':')
        context = OBJECTS[0]['spec']['template']['spec']['securityContext']
        self.assertEqual(user, [str(context['runAsUser']), str(context['runAsGroup'])])

    def test_it_builds_what_cargo_has(self):
        (command,) = [each['value'] for each in self.build if each['instruction'] == 'RUN']
        self.assertIn('--features cluster --example "$EXAMPLE"', command)
        self.assertIn('EXAMPLE=cluster', [each['value'] for each in self.structure if each['instruction'] == 'ARG'])
        self.assertTrue((ROOT / 'examples/cluster/main.rs').exists())
        ignored = (ROOT / '.dockerignore').read_text().split('\n')
        for name in ('target', '.git'):
            self.assertIn(name, ignored)

    @unittest.skipUnless(shutil.which('ldd') and len(sys.argv) > 1, 'needs `ldd` and the built example')
    def test_the_program_needs_what_the_image_has(self):
        linked = subprocess.run(['ldd', sys.argv[1]], capture_output=True, text=True, check=True).stdout
        names = {Path(line.split()[0]).name for line in linked.splitlines()}
        of_the_image = {'libc.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libpthread.so.0', 'libdl.so.2'}
        system = {name for name in names if name.startswith(('linux-vdso', 'ld-linux'))}
        self.assertEqual(names - system - of_the_image, set())


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = (DEPLOY / 'channels.service').read_text()

    def setting(self, name):
        (value,) = re.findall(rf'^{name}=(.*)$', self.text, re.MULTILINE)
        return value

    def written(self, place):
        """With a program that is there."""
        file = Path(place) / 'channels.service'
        file.write_text(self.text.replace(self.setting('ExecStart'), shutil.which('true')))
        return file

    def test_systemd_understands_it(self):
        with tempfile.TemporaryDirectory() as place:
            found = subprocess.run(['systemd-analyze', 'verify', self.written(place)], capture_output=True, text=True)
            self.assertEqual((found.returncode, found.stdout + found.stderr), (0, ''))

    def test_systemd_finds_it_little_exposed(self):
        with tempfile.TemporaryDirectory() as place:
            command = ['systemd-analyze', 'security', '--offline=true', '--threshold=15', '--no-pager', self.written(place)]
            found = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(found.returncode, 0, found.stdout + found.stderr)

    def test_a_node_has_the_time_to_stop_and_comes_back(self):
        delay = re.search(r'DRAIN_DELAY=(\d+)', self.setting('Environment'))[1]
        self.assertEqual(int(self.setting('TimeoutStopSec')), least(delay))
        self.assertEqual(self.setting('KillSignal'), 'SIGTERM')
        self.assertEqual(self.setting('Restart'), 'always')
        # `Config::connections` is 100,000 by default.
        self.assertGreater(int(self.setting('LimitNOFILE')), 100_000)
        self.assertEqual(self.setting('DynamicUser'), 'yes')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
