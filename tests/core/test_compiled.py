import numba

from skseizure._core import compiled as module


def test_kernels_compile_where_no_cache_can_be_kept(monkeypatch):
    """numba raises this as soon as it decorates, on a read-only installation without a home."""

    def njit(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available for file")
        return numba.njit(**options)

    monkeypatch.setattr(module, "njit", njit)
    assert module.compiled(fastmath=True)(lambda x: 2 * x)(21.0) == 42.0
