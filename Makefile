# From a fresh machine, `make demo` or `make test` is all it takes: tools/setup brings what is missing.
# Your own LibTorch and Arrow: make CMAKE_PREFIX_PATH=/path/to/libtorch:/path/to/arrow
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-all build package docs bench course sanitize sanitize-threads fuzz fuzz-campaign break soak format tidy clean

export CMAKE_PREFIX_PATH

# Stacks of allocations are kept short: Arrow's and LibTorch's cannot be followed further, and each that is made up anew
# is kept for ever, which makes a campaign slower from input to input.
FUZZ = OMP_NUM_THREADS=1 ASAN_OPTIONS=malloc_context_size=3 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.suppressions bin/fuzz
SOURCES = git ls-files -z --cached --others --exclude-standard '*.h' '*.cpp'

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):[a-z ]*##/\1/p' Makefile | while read -r name text; do printf '  make %-18s%s\n' "$$name" "$$text"; done

demo:  ## train on MovieLens 100k, export the model and use it
	@tools/demo

test:  ## build everything and run every test
	@tools/setup
	cmake --build --preset release
	ctest --preset release

test-all: test  ## make test, run every snippet of the documentation, and ask ONNX Runtime 1.15.1 too
	cmake --build --preset release --target snippets
	build/venv/bin/python tests/docs/test_pages.py
	tests/tools/test-old-onnxruntime

build:  ## build everything
	@tools/setup
	cmake --build --preset release

package: build  ## make a wheel and a .tar.gz that runs where it is unpacked, in out/package
	build/venv/bin/python tools/package

bench:  ## measure Embark beside its peers; writes out/bench.json
	@tools/setup release -DEMBARK_BUILD_BENCHMARKS=ON
	@cmake --build --preset release --target bin/embark_bench bin/embark
	build/venv/bin/python benchmarks/bench.py

course:  ## rerun every experiment of the course; writes out/course/index.html
	@tools/setup
	@cmake --build --preset release --target bin/embark bin/embark-course
	@for name in ml-100k ml-latest-small adult womens-reviews; do build/venv/bin/python tools/get-data $$name >/dev/null || true; done
	build/bin/embark course run --all --report out/course

docs:  ## build the documentation as a site, out/docs/index.html
	@tools/make-docs

sanitize:  ## run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup sanitize
	cmake --build --preset sanitize
	ctest --preset sanitize

sanitize-threads:  ## run the tests of what has threads under ThreadSanitizer
	@tools/setup sanitize-threads
	cmake --build --preset sanitize-threads
	ctest --preset sanitize-threads

fuzz:  ## give mutated files to everything that reads files, 60 s each, under the sanitizers
	@tools/setup sanitize
	cmake --build --preset sanitize --target fuzz
	cd build/sanitize && for name in csv parquet feather picture safetensors weights checkpoint archive onnx; do $(FUZZ) $$name 60s || exit 1; done

fuzz-campaign:  ## give a million of them to each of what is fast enough (hours)
	@tools/setup sanitize
	cmake --build --preset sanitize --target fuzz
	cd build/sanitize && for some in csv:1000000 picture:1000000 safetensors:1000000 weights:1000000 checkpoint:1000000 onnx:1000000 archive:20000 parquet:20000 feather:20000; do \
		$(FUZZ) $${some%:*} $${some#*:} || exit 1; done

break:  ## kill every command that writes, and make the system calls of its saves fail
	@tools/setup
	cmake --build --preset release --target bin/embark
	tools/break

soak:  ## train, save, load and predict for 10 minutes; memory, descriptors and threads must stay flat
	@tools/setup
	cmake --build --preset release --target bin/endurance
	OMP_NUM_THREADS=1 build/bin/endurance soak

format:  ## format the sources with clang-format
	$(SOURCES) | xargs -0 clang-format -i

tidy:  ## check the sources with clang-tidy (slow)
	@tools/setup tidy
	run-clang-tidy -quiet -p build/tidy

clean:  ## remove what was built; the virtual environments stay
	@mkdir -p build
	find build -mindepth 1 -maxdepth 1 ! -name '*venv' -exec rm -rf {} +
