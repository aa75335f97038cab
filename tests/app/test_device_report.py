"""What scripts/device_report reads of compilers' output and how it judges, on made-up output."""

import copy
import importlib.machinery
import importlib.util
import json
import unittest

from servesweep_cli import SOURCE


def load(path):
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


report = load(SOURCE / "scripts" / "device_report")
model = load(SOURCE / "scripts" / "performance_model")

PTXAS = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_ZN4cuda6launchIN10servesweep9RunWorldsINS1_11BatchTraitsELb0ELj0EEEEEvT_' for 'sm_80'
ptxas info    : Function properties for _ZN4cuda6launchIN10servesweep9RunWorldsINS1_11BatchTraitsELb0ELj0EEEEEvT_
    24 bytes stack frame, 36 bytes spill stores, 44 bytes spill loads
ptxas info    : Used 128 registers, used 1 barriers, 16 bytes smem, 624 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN4cuda6launchIN10servesweep12_GLOBAL__N_18FindBinsEEEvT_' for 'sm_80'
ptxas info    : Function properties for _ZN4cuda6launchIN10servesweep12_GLOBAL__N_18FindBinsEEEvT_
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 15 registers, used 0 barriers, 424 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN3cub6kernelEv' for 'sm_80'
ptxas info    : Function properties for _ZN3cub6kernelEv
    0 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 249 registers, 4096 bytes smem
"""

SECTIONS = """\
  [55] .text._ZN4cuda6launchIN10servesweep9RunWorldsINS1_11BatchTraitsELb0ELj0EEEEEvT_ PROGBITS        0000000000000000 01fc00 000100 00  AX  3 0 128
"""


def remarks(name, **values):
    place = "/include/Launch.hpp:103:1: remark: "
    lines = {"SGPRs": 108, "VGPRs": 64, "AGPRs": 0, "ScratchSize [bytes/lane]": 0,
             "Occupancy [waves/SIMD]": 4, "SGPRs Spill": 24, "VGPRs Spill": 0,
             "LDS Size [bytes/block]": 8, **values}
    return (f"{place}Function Name: {name} [-Rpass-analysis=kernel-resource-usage]\n"
            "    driver) {\n^\n" +
            "".join(f"{place}    {what}: {value} [-Rpass-analysis=kernel-resource-usage]\n"
                    for what, value in lines.items()))


class Parsing(unittest.TestCase):
    def test_ptxas(self):
        ours, others = report.summed_up(report.parse_ptxas(PTXAS))
        self.assertEqual(ours, {
            "FindBins": {"registers": 15, "shared_bytes": 0, "stack_bytes": 0,
                         "spill_store_bytes": 0, "spill_load_bytes": 0},
            "RunWorlds<Batch, false, 0>": {"registers": 128, "shared_bytes": 16, "stack_bytes": 24,
                                 "spill_store_bytes": 36, "spill_load_bytes": 44}})
        self.assertEqual(others["cub"]["kernels"], 1)
        self.assertEqual(others["cub"]["most_registers"], 249)
        self.assertEqual(others["cub"]["that_spill"], 1)

    def test_code_sizes(self):
        self.assertEqual(list(report.parse_sections(SECTIONS).values()), [256])
        names = [name for name, _ in report.parse_ptxas(PTXAS)]
        self.assertIn(next(iter(report.parse_sections(SECTIONS))), names)

    def test_remarks(self):
        text = (remarks("_ZN3hip6launchIN10servesweep9RunWorldsINS1_11BatchTraitsELb1ELj0EEEEEvT_",
                        **{"VGPRs": 128, "AGPRs": 7, "ScratchSize [bytes/lane]": 12,
                           "VGPRs Spill": 3}) +
                remarks("_ZN7rocprim6kernelEv", VGPRs=99))
        ours, others = report.summed_up(report.parse_remarks(text))
        self.assertEqual(list(ours), ["RunWorlds<Batch, true, 0>"])
        kernel = ours["RunWorlds<Batch, true, 0>"]
        self.assertEqual((kernel["registers"], kernel["accumulators"], kernel["stack_bytes"],
                          kernel["spill_store_bytes"], kernel["shared_bytes"]), (128, 7, 12, 12, 8))
        self.assertEqual(others["rocprim"]["most_registers"], 99)


class Rules(unittest.TestCase):
    KERNEL = {"registers": 90, "stack_bytes": 100, "shared_bytes": 1000, "spill_store_bytes": 0,
              "spill_load_bytes": 0}

    def judge(self, backend="cuda", many=(), compiler="release 13.0", then=None, **changes):
        """What is wrong with a kernel K; `then` holds its entry in the table, without changes."""
        table = {"many_registers": {name: "why" for name in many},
                 "architectures": {"arch": {"compiler": "release 13.0",
                                            "kernels": {"K": dict(then or self.KERNEL)}}}}
        here = {"backend": backend, "compiler": compiler,
                "kernels": {"K": {**self.KERNEL, **(then or {}), **changes}}}
        return report.judge({"arch": here}, table)[0]

    def test_as_the_table_says_passes(self):
        self.assertEqual(self.judge(), [])

    def test_a_spill_fails(self):
        for what in ("spill_store_bytes", "spill_load_bytes"):
            self.assertIn("spills", self.judge(**{what: 4})[0])

    def test_a_stack_of_300_bytes_fails(self):
        stack = {**self.KERNEL, "stack_bytes": 300}
        self.assertIn("stack frame of 300 bytes", self.judge(then=stack)[0])
        self.assertEqual(self.judge(then={**self.KERNEL, "stack_bytes": 256}), [])

    def test_100_registers_fail_without_a_reason(self):
        many = {**self.KERNEL, "registers": 100}
        self.assertIn("100 registers (at most 96", self.judge(then=many)[0])
        self.assertEqual(self.judge(then=many, many=["K"]), [])
        self.assertEqual(self.judge(then=many, backend="hip"), [])

    def test_169_registers_fail_with_a_reason_too(self):
        many = {**self.KERNEL, "registers": 169}
        self.assertIn("169 registers (at most 168)", self.judge(then=many, many=["K"])[0])

    def test_growth_of_11_percent_fails_and_of_9_passes(self):
        self.assertIn("shared_bytes 1000 -> 1110", self.judge(shared_bytes=1110)[0])
        self.assertEqual(self.judge(shared_bytes=1090), [])
        small = {**self.KERNEL, "registers": 50}
        self.assertIn("registers 50 -> 56", self.judge(then=small, registers=56)[0])
        self.assertEqual(self.judge(then=small, registers=54), [])

    def test_growth_is_not_judged_for_another_compiler(self):
        self.assertEqual(self.judge(compiler="release 14.0", shared_bytes=2000), [])

    def test_a_new_and_a_lost_kernel_fail(self):
        table = {"many_registers": {}, "architectures": {
            "arch": {"compiler": "c", "kernels": {"Lost": dict(self.KERNEL)}}}}
        wrong = report.judge({"arch": {"backend": "cuda", "compiler": "c",
                                       "kernels": {"New": dict(self.KERNEL)}}}, table)[0]
        self.assertEqual(len(wrong), 2)
        self.assertIn("New is not in the table", wrong[0])
        self.assertIn("Lost is in the table", wrong[1])

    def test_the_committed_table_keeps_the_limits(self):
        table = json.loads(report.TABLE.read_text())
        here = {name: {"backend": "cuda" if name.startswith("sm_") else "hip",
                       "compiler": entry["compiler"],
                       "kernels": {kernel: {**r, "spill_store_bytes": 0, "spill_load_bytes": 0}
                                   for kernel, r in entry["kernels"].items()}}
                for name, entry in table["architectures"].items()}
        self.assertEqual(set(here), {"sm_80", "sm_90", "gfx908", "gfx90a"})
        self.assertEqual(report.judge(here, table), ([], []))


class Occupancy(unittest.TestCase):
    def teams(self, device, registers, shared):
        return report.occupancy(report.DEVICES[device],
                                {"registers": registers, "shared_bytes": 0}, shared)

    def test_known_cases(self):
        self.assertEqual(self.teams("A100", 128, 0), (4, "registers"))
        self.assertEqual(self.teams("A100", 24, 0), (16, "threads"))
        self.assertEqual(self.teams("RTX 4090", 24, 0), (12, "threads"))
        self.assertEqual(self.teams("A100", 128, 79 * 1024), (2, "memory"))
        self.assertEqual(self.teams("MI250X", 256, 0), (4, "registers"))
        self.assertEqual(self.teams("MI250X", 257, 0), (2, "registers"))


class Model(unittest.TestCase):
    def test_the_page_is_up_to_date(self):
        self.assertEqual(model.page_with_tables(model.PAGE.read_text()), model.PAGE.read_text(),
                         "run scripts/performance_model --update")

    def test_predictions_agree_with_each_other(self):
        for name, device in model.predictions().items():
            for case, p in device["cases"].items():
                with self.subTest(device=name, case=case):
                    self.assertLessEqual(p["low"], p["batches_per_s"])
                    self.assertLessEqual(p["batches_per_s"], p["high"])
                    self.assertAlmostEqual(
                        p["requests_per_s"] / p["batches_per_s"], p["requests_a_batch"])
                    self.assertEqual(p["low"], min(p["limits"].values()))
                    self.assertEqual(p["limits"][p["limiter"]], p["low"])
                    # No world is faster alone than a core would let the whole card be.
                    self.assertGreater(p["batches_per_s"], p["one_world_batches_per_s"])
                    self.assertGreater(p["worlds_to_fill"], p["worlds_to_beat_a_core"])

    def test_more_instructions_are_slower(self):
        case = next(iter(model.CASES))
        inputs = model.inputs()
        slower = copy.deepcopy(inputs)
        slower["baseline"]["cases"][case]["run"] *= 2
        for name in model.DEVICES:
            self.assertLess(model.predict(name, case, slower)["low"],
                            model.predict(name, case, inputs)["low"])


if __name__ == "__main__":
    unittest.main()
