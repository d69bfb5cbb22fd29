"""What a program needs to run on QEMU's mps2-an386, a Cortex-M4 with floats."""

from pathlib import Path

MACHINE = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
# The first two words are the stack and where to begin; floats are switched on there.
_START = """\
extern void _start(void);
void _init(void) {}
void _fini(void) {}
static void reset(void) {
    *(volatile unsigned *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb; isb");
    _start();
    for (;;) {}
}
__attribute__((section(".vectors"), used)) void *const vectors[] = {
    (void *)0x20400000, (void *)reset
};
"""
_PLACES = """\
MEMORY
{
  FLASH (rx) : ORIGIN = 0x00000000, LENGTH = 4M
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 4M
}
SECTIONS
{
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.eh_frame*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { *(.data*) *(.init_array) *(.fini_array) } > RAM
  .bss : {
    __bss_start__ = .;
    *(.bss*) *(COMMON)
    __bss_end__ = .;
    end = .;
    __end__ = .;
  } > RAM
}
"""


def files_for(folder: Path) -> list[str]:
    """Write them, and give the arguments of the compiler."""
    (folder / "start.c").write_text(_START)
    (folder / "places.ld").write_text(_PLACES)
    return [str(folder / "start.c"), "-nostartfiles", "--specs=rdimon.specs",
            "-T", str(folder / "places.ld")]  # fmt: skip
