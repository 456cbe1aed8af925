#include <embark/core/file.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <embark/core/detail/file_lock.h>
#include <embark/core/error.h>

#include "failing_io.h"
#include "test_files.h"

namespace embark {
namespace file_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

size_t entries(const std::filesystem::path& folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(File, writes_parts_as_one_content_and_leaves_no_other_file) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "model.bin";
    write_file_atomically(path, {"first ", std::string_view("\0x", 2), " last"});
    EXPECT_EQ(read_file(path), std::string("first \0x last", 13));
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(File, a_read_that_fails_is_an_error_with_its_reason) {
    const std::filesystem::path memory = "/proc/self/mem";  // nothing is at its beginning
    if (!std::filesystem::exists(memory)) GTEST_SKIP() << "no file that cannot be read";
    EXPECT_EQ(message_of<Error>([&] { read_file(memory); }), "Cannot read /proc/self/mem: Input/output error");
}

TEST(File, replaces_what_was_there_and_keeps_its_mode) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    chmod(path.c_str(), 0640);
    write_file_atomically(path, {"new"});
    EXPECT_EQ(read_file(path), "new");
    struct stat info {};
    stat(path.c_str(), &info);
    EXPECT_EQ(info.st_mode & 0777, 0640U);
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
}

TEST(File, drops_bits_that_would_lend_somebodys_rights_to_the_new_content) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    ASSERT_EQ(chmod(path.c_str(), 06755), 0);
    write_file_atomically(path, {"new"});
    EXPECT_EQ(mode_of(path), 0755U);
}

/// The one temporary file in `folder`.
std::filesystem::path left_temporary(const std::filesystem::path& folder) {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".tmp") found = entry.path();
    }
    return found;
}

/// Lets a process write `path` and be killed in the middle.
void kill_a_write(const std::filesystem::path& path) {
    const pid_t child = fork();
    if (child == 0) {
        testing::let_io_fail({.at_call = 3, .how = testing::IoFailure::How::kill_half_way});
        write_file_atomically(path, {"new"});
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(File, is_as_private_as_its_predecessor_while_it_is_written) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    for (const mode_t mode : {0600U, 0440U, 0666U}) {
        ASSERT_EQ(chmod(path.c_str(), mode), 0);
        kill_a_write(path);
        const auto half = left_temporary(folder.path());
        EXPECT_EQ(mode_of(half), mode);
        std::filesystem::remove(half);
    }
}

TEST(File, what_a_killed_write_has_left_is_removed_by_the_next_one) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    kill_a_write(path);
    kill_a_write(path);
    EXPECT_EQ(entries(folder.path()), 3U);
    write_file_atomically(path, {"new"});
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(File, what_another_process_is_writing_stays) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    const pid_t child = fork();
    if (child == 0) {
        const auto temporary = folder.path() / ".model.bin.1.0.tmp";
        const int descriptor = open(temporary.c_str(), O_CREAT | O_RDWR, 0600);
        _exit(lock_file(descriptor, /*wait=*/true) && raise(SIGSTOP) == 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, WUNTRACED);
    ASSERT_TRUE(WIFSTOPPED(status));
    write_file_atomically(path, {"new"});
    EXPECT_EQ(entries(folder.path()), 2U);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    write_file_atomically(path, {"newer"});
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(FileLock, is_one_processs_at_a_time_and_says_whose) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "x.lock";
    const auto refused = [&] { return message_of<Error>([&] { FileLock second(path, "Cannot do it"); }); };
    {
        const FileLock first(path, "Cannot do it");
        EXPECT_THAT(refused(), ::testing::AllOf(HasSubstr("Cannot do it: process " + std::to_string(getpid()) + " on "),
                                                HasSubstr("is doing so")));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    const pid_t child = fork();
    if (child == 0) {
        const FileLock lock(path, "Cannot do it");
        _exit(0);  // no destructor: as if killed
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(std::filesystem::exists(path));
    const FileLock after(path, "Cannot do it");
}

TEST(File, reads_ordinary_files_alone) {
    const TemporaryFolder folder;
    const auto pipe = folder.path() / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const auto read = [](const std::filesystem::path& path) { return message_of<Error>([&] { read_file(path); }); };
    EXPECT_EQ(read(pipe), "Cannot read " + pipe.string() + ": it is a pipe, not a file");
    EXPECT_EQ(read("/dev/zero"), "Cannot read /dev/zero: it is a device, not a file");
    EXPECT_EQ(read(folder.path()), "Cannot read " + folder.path().string() + ": it is a folder, not a file");
}

TEST(File, a_full_disk_leaves_the_old_file_and_nothing_else) {
    // The limit on file sizes stands in for the end of the disk: a write is refused after some bytes were taken.
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1024, 1024};
        setrlimit(RLIMIT_FSIZE, &limit);
        try {
            write_file_atomically(path, {std::string(4096, 'x')});
        } catch (const Error& error) {
            _exit(std::string(error.what()).find("unchanged") == std::string::npos ? 2 : 0);
        }
        _exit(3);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(read_file(path), "old");
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(File, whatever_call_fails_the_old_file_stays_and_nothing_else) {
    using testing::IoFailure;
    for (const auto how : {IoFailure::How::fail, IoFailure::How::short_write}) {
        for (const int error : {ENOSPC, EIO, EDQUOT}) {
            int failed = 0;
            for (int call = 1; failed == call - 1; ++call) {
                const TemporaryFolder folder;
                const auto path = folder.write("model.bin", "old");
                testing::let_io_fail({.at_call = call, .how = how, .error = error});
                try {
                    write_file_atomically(path, {"new, ", "in two parts"});
                    EXPECT_EQ(read_file(path), "new, in two parts");
                } catch (const Error& message) {
                    ++failed;
                    EXPECT_THAT(message.what(), HasSubstr("Cannot write " + path.string()));
                    EXPECT_EQ(read_file(path), "old");
                }
                testing::let_io_fail({});
                EXPECT_EQ(entries(folder.path()), 1U) << "call " << call;
            }
            EXPECT_EQ(failed, 7);  // open, two writes, fchmod, fsync, close, rename
        }
    }
}

TEST(File, writes_through_symbolic_links_and_leaves_them) {
    namespace fs = std::filesystem;
    const TemporaryFolder folder;
    fs::create_directories(folder.path() / "store");
    const auto file = folder.path() / "store" / "model.bin", link = folder.path() / "link", far = folder.path() / "far";
    fs::create_symlink("store/model.bin", link);
    fs::create_symlink("link", far);
    for (const std::string content : {"to a new file", "to an old one"}) {
        write_file_atomically(far, {content});
        EXPECT_EQ(read_file(file), content);
        EXPECT_TRUE(fs::is_symlink(link) && fs::is_symlink(far) && !fs::is_symlink(file));
    }
    EXPECT_EQ(entries(folder.path()), 3U);
    EXPECT_EQ(entries(folder.path() / "store"), 1U);
    const auto write = [](const fs::path& path) { return message_of<Error>([&] { require_writable_path(path); }); };
    fs::create_symlink("none/model.bin", folder.path() / "nowhere");
    EXPECT_THAT(write(folder.path() / "nowhere"), HasSubstr("there is no folder"));
    fs::create_symlink("circle", folder.path() / "circle");
    EXPECT_THAT(write(folder.path() / "circle"), HasSubstr("circle: Too many levels of symbolic links"));
    fs::create_symlink("store", folder.path() / "store link");
    EXPECT_THAT(write(folder.path() / "store link"), HasSubstr("it is a folder, not a file"));
}

TEST(File, refuses_to_replace_what_is_not_a_file) {
    const TemporaryFolder folder;
    const auto pipe = folder.path() / "pipe", link = folder.path() / "to null";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::filesystem::create_symlink("/dev/null", link);
    const auto write = [](const std::filesystem::path& path) {
        return message_of<Error>([&] { write_file_atomically(path, {"x"}); });
    };
    EXPECT_EQ(write(pipe), "Cannot write " + pipe.string() + ": it is a pipe, not a file");
    EXPECT_EQ(write(link), "Cannot write " + link.string() + ": it is a device, not a file");
    EXPECT_EQ(write("/dev/null"), "Cannot write /dev/null: it is a device, not a file");
    EXPECT_TRUE(std::filesystem::is_fifo(pipe));
    EXPECT_EQ(entries(folder.path()), 2U);
}

TEST(File, temporaries_of_killed_writes_can_be_removed) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.bin", "old");
    for (const char* name : {".model.bin.17.0.tmp", ".model.bin2.17.0.tmp", "model.bin.tmp"}) folder.write(name, "x");
    remove_left_temporaries(path);
    EXPECT_EQ(entries(folder.path()), 3U);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / ".model.bin.17.0.tmp"));
    remove_left_temporaries(folder.path() / "none" / "model.bin");
}

TEST(File, says_what_is_wrong_with_a_path_to_read) {
    const TemporaryFolder folder;
    const auto read = [&](const std::filesystem::path& path) {
        return message_of<Error>([&] { require_readable_file(path); });
    };
    EXPECT_THAT(read(folder.path() / "none.csv"), HasSubstr("none.csv: there is no such file"));
    EXPECT_THAT(read(folder.path() / "no" / "x.csv"), HasSubstr("there is no folder"));
    EXPECT_THAT(read(folder.path()), HasSubstr("it is a folder, not a file"));
    EXPECT_THAT(read(""), HasSubstr("empty"));
}

TEST(File, says_what_is_wrong_with_a_path_to_write) {
    const TemporaryFolder folder;
    const auto write = [&](const std::filesystem::path& path) {
        return message_of<Error>([&] { write_file_atomically(path, {"x"}); });
    };
    EXPECT_THAT(write(folder.path() / "no" / "x.pt"), HasSubstr("there is no folder"));
    EXPECT_THAT(write(folder.path()), HasSubstr("it is a folder, not a file"));
    const auto file = folder.write("file", "x");
    EXPECT_THAT(write(file / "x.pt"), HasSubstr("is not a folder"));
    EXPECT_EQ(entries(folder.path()), 1U);
}

}  // namespace file_test
}  // namespace embark
