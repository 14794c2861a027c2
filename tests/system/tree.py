"""Trees of real and awkward files, and whether two are the same."""

import os
import pathlib
import random
import shutil
import stat


def make_tree(root, seed=1, files=400, big=6_000_000):
    """A deterministic tree: many sizes, odd names, links, empty files and folders, set times."""
    root = pathlib.Path(root)
    root.mkdir(parents=True)
    dice = random.Random(seed)
    folders = [root]
    for i in range(max(3, files // 20)):
        folder = dice.choice(folders) / f"folder {i}"
        folder.mkdir()
        folders.append(folder)
    words = [bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 9))) for _ in range(500)]
    for i in range(files):
        size = dice.choice([0, 1, dice.randint(2, 300), dice.randint(300, 9000), dice.randint(9000, 200_000)])
        text = b" ".join(dice.choices(words, k=size // 5 + 1))[:size]
        path = dice.choice(folders) / f"file-{i}.txt"
        path.write_bytes(text)
        os.chmod(path, dice.choice([0o644, 0o600, 0o755, 0o444]))
    (root / "big.bin").write_bytes(dice.randbytes(big))
    (root / "twin.bin").write_bytes((root / "big.bin").read_bytes())
    odd = [b"new\nline", b"not utf-8 \xff\xfe", b"-dash", b" space ", b"x" * 255, "\u00fcml\u00e4ut".encode(), b"a\\b", b'"quote"']
    for name in odd:
        with open(os.fsencode(root) + b"/" + name, "wb") as file:
            file.write(b"odd " + name)
    os.symlink("big.bin", root / "link")
    os.symlink("/nowhere/at/all", root / "dangling")
    os.symlink(b"bad \xff target", os.fsencode(root) + b"/badlink")
    os.link(root / "big.bin", root / "hard.bin")
    (root / "empty folder").mkdir()
    deep = root
    for i in range(30):
        deep = deep / f"d{i}"
        deep.mkdir()
    (deep / "bottom").write_text("deep")
    with open(root / "sparse", "wb") as file:
        file.write(b"begins")
        file.seek(20_000_000)
        file.write(b"and ends")
        file.truncate(30_000_000)
    (root / "zeros").write_bytes(bytes(2_000_000))
    for size in [*range(0, 300, 7), *(edge + off for edge in (4096, 65520, 131072, 1 << 20) for off in (-1, 0, 1))]:
        (root / f"size-{size}").write_bytes(dice.randbytes(size))
    try:
        os.setxattr(root / "big.bin", "user.origin", b"a camera\0\xff")
        os.setxattr(root / "empty folder", "user.label", b"nothing here")
    except OSError:
        pass  # a file system without them
    for path in sorted(root.rglob("*"), reverse=True):
        moment = 1_500_000_000_000_000_000 + dice.randrange(10**17)
        os.utime(path, ns=(moment, moment), follow_symlinks=False)


def copy_real_files(root):
    """System headers and documents: real names, sizes and links, over 10,000 files and 300 MB."""
    root = pathlib.Path(root)
    shutil.copytree("/usr/include", root / "include", symlinks=True)
    total = 0
    for folder in ["doc", "perl", "cmake-3.25", "python3", "mime", "zoneinfo", "icons", "locale"]:
        source = pathlib.Path("/usr/share") / folder
        if source.is_dir():
            shutil.copytree(source, root / "share" / folder, symlinks=True)
    with open(root / "large.bin", "wb") as file:
        dice = random.Random(7)
        for _ in range(200):
            file.write(dice.randbytes(1_000_000))
            total += 1_000_000


def facts(root):
    """path -> what must be the same after a restore."""
    root = os.fsencode(root)
    found = {}
    hard = {}
    for folder, folders, files in os.walk(root):
        for name in [b"."] + folders + files:
            path = folder if name == b"." else folder + b"/" + name
            info = os.lstat(path)
            kind = stat.S_IFMT(info.st_mode)
            row = [kind, info.st_mtime_ns]
            if stat.S_ISLNK(info.st_mode):
                row.append(os.readlink(path))
            else:
                row.append(stat.S_IMODE(info.st_mode))
                row.append((info.st_uid, info.st_gid))
                row.append({name: os.getxattr(path, name) for name in os.listxattr(path)})
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    row.append(hash(file.read()))
                if info.st_nlink > 1:
                    row.append(hard.setdefault((info.st_dev, info.st_ino), os.path.relpath(path, root)))
            found[os.path.relpath(path, root)] = row
    return found


def difference(before, after):
    """In words, the first few differences; empty if there is none."""
    rows = []
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            rows.append(f"{path!r}: {before.get(path)} became {after.get(path)}")
    return "\n".join(rows[:10])
